"""A fault of one's own."""
