"""What a person or a policy may do, each act once; results carry the next step as a value."""
