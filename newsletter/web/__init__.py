"""Pages: for the public, for staff, for providers' events."""
