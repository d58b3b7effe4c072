"""A bag: one MCAP file with all messages of a run, which can be read while it is written, and after a kill."""

import errno
import os
import time
from pathlib import Path
from typing import Any, cast

import yaml
from mcap.writer import Writer
from rclpy.qos import QoSProfile

from mir2_swarm.definitions import definition, type_name

INDEX_SHARE = 0.01  # of a bag's age: so much time passes at least between two indices, which grow with the bag


class _Pending:
    """The stream that the MCAP library writes to: what follows `begin`, the end of what is in the file for good."""

    def __init__(self) -> None:
        self.begin = 0
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def tell(self) -> int:
        return self.begin + len(self.data)

    def flush(self) -> None:
        """The bag decides when."""


class Bag:
    """Writes messages as they were on the wire.

    Each `flush` ends the file with an index, as finished files do, and the next one overwrites it. In a bag older than
    a hundred seconds most do not, since indices grow long; a kill then leaves whole chunks without an index.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._pending = _Pending()
        self._index = b""
        self._began_s = self._indexed_s = time.monotonic()
        # Offsets of groups in the summary are optional, and the only part of it that could not be written twice.
        self._writer: Any = Writer(cast(Any, self._pending), use_summary_offsets=False)
        self._writer.start(profile="ros2")
        self._schemas: dict[type[Any], int] = {}

    def add_topic(self, topic: str, message: type[Any], offered: QoSProfile) -> int:
        """Make a topic known, with the QoS that players are to offer; its number for `write`."""
        if message not in self._schemas:
            text = definition(message).encode()
            self._schemas[message] = self._writer.register_schema(type_name(message), "ros2msg", text)
        qos = {"offered_qos_profiles": yaml.safe_dump([_qos(offered)], sort_keys=False)}
        return int(self._writer.register_channel(topic, "cdr", self._schemas[message], qos))

    def write(self, topic: int, time_ns: int, message: bytes) -> None:
        """Take in one message."""
        self._writer.add_message(topic, time_ns, message, time_ns)

    def flush(self, *, index: bool = False) -> None:
        """Put what was taken in into the file, with an `index` in any case or if that is due.

        Raises `OSError` if that fails, and then the file is as it was before.
        """
        self._writer.flush()
        kept, now_s = len(self._pending.data), time.monotonic()
        if not kept and not index:
            return
        if index or now_s - self._indexed_s >= INDEX_SHARE * (now_s - self._began_s):
            self._writer.finish()
            self._indexed_s = now_s
        self._put(bytes(self._pending.data), kept)

    def close(self) -> None:
        """Flush and let go of the file."""
        try:
            self.flush(index=True)
        finally:
            os.close(self._file)

    def _put(self, data: bytes, kept: int) -> None:
        """Write behind what is there for good; the first `kept` bytes then are."""
        begin = self._pending.begin
        try:
            if not os.fstat(self._file).st_nlink:
                raise OSError(errno.ENOENT, "it was removed", str(self._path))
            _write_all(self._file, data, begin)
        except OSError:
            _write_all(self._file, self._index, begin)  # where it was, so that needs no space
            os.ftruncate(self._file, begin + len(self._index))
            raise
        os.ftruncate(self._file, begin + len(data))
        self._pending.begin, self._pending.data, self._index = begin + kept, bytearray(), data[kept:]


def _write_all(file: int, data: bytes, begin: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, begin)
        rest, begin = rest[written:], begin + written


def _qos(profile: QoSProfile) -> dict[str, Any]:
    """As rosbag2 of Jazzy writes it, and reads it where its own metadata are missing."""
    durations = {
        name: dict(zip(("sec", "nsec"), divmod(getattr(profile, name).nanoseconds, 10**9), strict=True))
        for name in ("deadline", "lifespan", "liveliness_lease_duration")
    }
    policies = {
        "history": profile.history.name.lower(),
        "depth": profile.depth,
        "reliability": profile.reliability.name.lower(),
        "durability": profile.durability.name.lower(),
        "liveliness": profile.liveliness.name.lower(),
    }
    return policies | durations | {"avoid_ros_namespace_conventions": profile.avoid_ros_namespace_conventions}
