"""Counters for reports, written in the transactions that change what they count."""
