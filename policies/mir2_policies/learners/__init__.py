"""Learning algorithms: one file each, one registry."""
