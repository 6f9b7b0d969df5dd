"""What subscribers agree to and withdraw: sign-up, preferences, unsubscribe, and their rights."""
