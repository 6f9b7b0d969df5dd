"""The screens about articles: search, and one article with all its revisions."""
