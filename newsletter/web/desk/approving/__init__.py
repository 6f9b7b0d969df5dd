"""Approve an issue, watch it go out, and decide about it."""
