"""A letter as a standard email message."""
