"""Training runs that survive a kill."""
