"""What people agree to and take back: signing up, choosing, leaving, and what is theirs by right."""
