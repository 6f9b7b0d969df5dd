"""Sign in: ask for a link, and use it."""
