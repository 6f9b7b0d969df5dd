"""What the passes did, and what waited for a person at the end of each."""
