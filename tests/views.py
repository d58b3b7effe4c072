"""What the layout for Foxglove and the configuration of rviz show."""

import json
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import get_package_share_directory

CONFIG = Path(get_package_share_directory("mir2_swarm")) / "config"
PATH = re.compile(r"(?P<topic>/[\w/]+)(?P<fields>[.\w]*)(\[:\])?")


def layout() -> dict[str, Any]:
    """The layout for Foxglove."""
    document: dict[str, Any] = json.loads((CONFIG / "swarm.foxglove.json").read_text())
    return document


def layout_topics() -> set[str]:
    """The topics that the layout's arena shows."""
    return set(layout()["configById"]["3D!arena"]["topics"])


def layout_paths() -> Iterator[tuple[str, list[str]]]:
    """Topic and fields of every message path of the layout's panels."""
    for config in layout()["configById"].values():
        found = [path["value"] for path in config.get("paths", ())]
        for path in [*found, *(config[key] for key in ("topicPath", "topicToRender") if key in config)]:
            match = PATH.fullmatch(path)
            assert match, path
            yield match["topic"], match["fields"].split(".")[1:]


def field(message: Any, fields: list[str]) -> Any:
    """What a path's fields lead to; AttributeError where there is none."""
    return reduce(getattr, fields, message)


def rviz() -> dict[str, Any]:
    """The visualization manager of the configuration of rviz."""
    manager: dict[str, Any] = yaml.safe_load((CONFIG / "swarm.rviz").read_text())["Visualization Manager"]
    return manager


def rviz_topics() -> set[str]:
    """The topics that rviz shows."""
    groups = [display for display in rviz()["Displays"] if "Displays" in display]
    return {display["Topic"]["Value"] for group in groups for display in group["Displays"]}
