"""Stage 2: turn stored articles into the items of an issue."""
