"""How far a clock may be wrong."""

from datetime import timedelta

JUMPED = timedelta(hours=1)
"""A time that lies so far ahead was set by a clock that had jumped, and counts no longer."""
