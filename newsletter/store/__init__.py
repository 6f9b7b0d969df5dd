"""What the database knows: functions from a connection and values to values."""
