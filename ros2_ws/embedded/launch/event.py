"""The base of all events."""


class Event:
    """Something that happened, or was asked for, while the launch system runs."""
