"""Stage 3: from an issue to the exact bytes of its editions."""
