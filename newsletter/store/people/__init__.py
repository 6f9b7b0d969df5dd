"""What concerns one person: notices, what they received, and their erasure."""
