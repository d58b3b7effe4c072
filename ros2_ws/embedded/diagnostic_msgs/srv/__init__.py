from typing import Any

from embedded_ros.messages import load


def __getattr__(name: str) -> Any:
    return load(__name__, name)
