"""Find the entries of a source: a feed, a page, a sitemap or a folder."""
