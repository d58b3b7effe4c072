"""The layout for Foxglove and the configuration of rviz show what there is to see."""

import json
import re
from pathlib import Path

import pytest
import yaml
from ament_index_python.packages import get_package_share_directory
from mir2_core.roster import Roster
from mir2_swarm.bag_topics import bag_topics
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile

CONFIG = Path(get_package_share_directory("mir2_swarm")) / "config"
PATH = re.compile(r"(?P<topic>/[\w/]+)(?P<fields>[.\w]*)(\[:\])?")


@pytest.fixture(scope="module")
def topics():
    """The messages of the shipped roster's topics."""
    roster = Roster.load(CONFIG / "rendezvous.yaml")
    return {t.name: t.message for t in bag_topics(roster, odometry_qos=QoSProfile(depth=1), clock=False)}


@pytest.fixture(scope="module")
def layout():
    return json.loads((CONFIG / "swarm.foxglove.json").read_text())


def paths(config):
    """The message paths of a panel."""
    yield from (path["value"] for path in config.get("paths", ()))
    yield from (config[key] for key in ("topicPath", "topicToRender") if key in config)


def test_every_path_of_the_layout_is_a_field_of_a_topic(layout, topics):
    found = [path for config in layout["configById"].values() for path in paths(config)]
    assert len(found) > 10
    for path in found:
        match = PATH.fullmatch(path)
        assert match, path
        value = topics[match["topic"]]()
        for field in match["fields"].split(".")[1:]:
            value = getattr(value, field)


def test_every_panel_has_its_place(layout):
    def panels(node):
        return [node] if isinstance(node, str) else panels(node["first"]) + panels(node["second"])

    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])


def test_the_arena_shows_every_robot(layout, topics):
    shown = set(layout["configById"]["3D!arena"]["topics"])
    assert shown == {name for name, message in topics.items() if message is Odometry and "fault" not in name}


def test_rviz_shows_every_robot(topics):
    manager = yaml.safe_load((CONFIG / "swarm.rviz").read_text())["Visualization Manager"]
    groups = [display for display in manager["Displays"] if "Displays" in display]
    shown = {display["Topic"]["Value"] for group in groups for display in group["Displays"]}
    assert shown == {name for name, message in topics.items() if message is Odometry and "fault" not in name}
    assert manager["Global Options"]["Fixed Frame"] == "map"
