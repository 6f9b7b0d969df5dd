"""People: who they are, what they agreed to, and whom we must never mail."""
