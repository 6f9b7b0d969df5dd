"""What providers and servers report after a submission: decide about it, and record it once."""
