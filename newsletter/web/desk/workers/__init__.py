"""What the workers of all machines are doing."""
