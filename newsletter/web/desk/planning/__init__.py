"""The calendar: the coming slots of all newsletters, and what staff do with them."""
