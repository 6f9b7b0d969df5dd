"""SMTP: one message per recipient, and one answer per message."""
