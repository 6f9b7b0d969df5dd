"""Edit an issue: its texts, and each item as a card."""
