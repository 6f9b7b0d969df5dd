"""What the publication prints: sources, articles, issues, editions and slots."""
