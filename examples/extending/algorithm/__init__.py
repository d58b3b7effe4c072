"""A learning algorithm of one's own."""
