"""What is sent: the audience, deliveries, batches, attempts, rates and ramps."""
