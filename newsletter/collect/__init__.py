"""Stage 1: from sources to stored articles."""
