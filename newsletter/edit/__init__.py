"""Stage 2: from stored articles to the items of an issue."""
