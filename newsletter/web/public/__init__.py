"""The pages for subscribers: sign-up, preferences, unsubscribing, reading."""
