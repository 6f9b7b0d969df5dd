"""The screens about subscribers: search, one person, segments, imports."""
