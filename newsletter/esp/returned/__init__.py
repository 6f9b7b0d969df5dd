"""Emails that come back: bounces, complaints, unsubscribes, automatic replies."""
