"""Stage 3: render an issue into the exact bytes of its editions."""
