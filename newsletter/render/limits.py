"""Limits of email clients. Google publishes neither; both were measured."""

CLIPPED = 102_400
"""Bytes of the HTML part from which Gmail clips an email."""
STYLES = 16_384
"""Bytes of style elements from which Gmail ignores them."""
