"""Polite, bounded reading of what lies outside."""
