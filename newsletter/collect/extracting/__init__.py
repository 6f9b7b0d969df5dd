"""Read an article out of a document: its head, key points, body and notes."""
