"""Connections to a provider, each held to a deadline."""
