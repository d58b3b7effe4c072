"""Where the ROS packages of this project are while nothing is built; the embedded ROS 2 runtime asks."""

from pathlib import Path


def folder() -> Path:
    """Folder in which they lie side by side."""
    return Path(__file__).resolve().parents[2]
