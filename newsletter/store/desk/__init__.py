"""Rows about the desk: staff, their requests to sign in, and their sessions."""
