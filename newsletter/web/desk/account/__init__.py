"""A member's own page: sessions and language."""
