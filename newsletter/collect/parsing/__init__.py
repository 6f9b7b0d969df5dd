"""Parse documents in worker processes, bounded in time and memory."""
