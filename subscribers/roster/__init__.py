"""Lists of people in and out: import as a change set, undo, export."""
