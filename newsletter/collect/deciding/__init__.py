"""Decide what a candidate is, from values alone."""
