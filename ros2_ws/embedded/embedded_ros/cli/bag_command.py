"""`ros2 bag`: MCAP files with the messages of topics as they were on the wire."""

import argparse
import time
from pathlib import Path

from rosbags.rosbag2 import Reader, ReaderError

from . import bag_play, bag_record
from .verbs import Status, argument, verb

__all__ = ["bag_play", "bag_record"]  # with verbs of their own


@verb("bag info", argument("bag_path", help="folder or file of the bag"))
def _info(args: argparse.Namespace) -> Status:
    """Show what a bag contains."""
    try:
        with Reader(args.bag_path) as bag:
            print(describe(bag))
    except (ReaderError, FileNotFoundError) as error:
        return f"[ERROR] [ros2bag]: {error}"
    return 0


def describe(bag: Reader) -> str:
    """Return files, times and topics of a bag that is open."""
    path = Path(str(bag.path))
    files = sorted(file for file in path.iterdir() if file.suffix != ".yaml") if path.is_dir() else [path]
    duration_ns = max(0, bag.end_time - bag.start_time - 1)  # the end is behind the last message
    topics = [
        f"Topic: {name} | Type: {topic.msgtype} | Count: {topic.msgcount} | Serialization Format: cdr"
        for name, topic in bag.topics.items()
    ]
    rows = {
        "Files": [file.name for file in files],
        "Bag size": [_size(sum(file.stat().st_size for file in files))],
        "Storage id": ["mcap" if files[0].suffix == ".mcap" else "sqlite3"],
        "ROS Distro": [bag.ros_distro or "unknown"],
        "Duration": [f"{_seconds(duration_ns)}s"],
        "Start": [_date(bag.start_time)],
        "End": [_date(bag.start_time + duration_ns)],
        "Messages": [str(bag.message_count)],
        "Topic information": topics,
        "Service": ["0"],
        "Service information": [],
    }
    indent = "\n" + " " * 19
    return "\n" + "\n".join(f"{title + ':':<18} {indent.join(lines)}" for title, lines in rows.items())


def _size(size: float) -> str:
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.{0 if units[0] == 'B' else 1}f} {units[0]}"


def _seconds(nanoseconds: int) -> str:
    return "{}.{:09}".format(*divmod(nanoseconds, 10**9))


def _date(nanoseconds: int) -> str:
    local = time.localtime(nanoseconds // 10**9)
    return f"{time.strftime('%b %e %Y %H:%M:%S', local)}.{nanoseconds % 10**9:09} ({_seconds(nanoseconds)})"
