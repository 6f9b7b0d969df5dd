"""Providers: whoever takes our mail and carries it further."""
