"""Stage 4: from approved editions to submitted deliveries."""
