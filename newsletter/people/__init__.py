"""What this program does around a subscriber: carry out decisions, and write letters."""
