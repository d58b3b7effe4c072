"""A robot kind of one's own."""
