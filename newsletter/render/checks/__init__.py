"""Pre-flight checks: pure functions over a rendered edition."""
