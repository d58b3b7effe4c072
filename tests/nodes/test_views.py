"""The layout for Foxglove and the configuration of rviz show what there is to see."""

import pytest
from mir2_core.roster import Roster
from mir2_swarm.bag_topics import bag_topics
from nav_msgs.msg import Odometry
from rclpy.qos import QoSProfile

from tests.views import CONFIG, field, layout, layout_paths, layout_topics, rviz, rviz_topics


@pytest.fixture(scope="module")
def topics():
    """The messages of the shipped roster's topics."""
    roster = Roster.load(CONFIG / "rendezvous.yaml")
    return {t.name: t.message for t in bag_topics(roster, odometry_qos=QoSProfile(depth=1), clock=False)}


def test_every_path_of_the_layout_is_a_field_of_a_topic(topics):
    found = list(layout_paths())
    assert len(found) > 10
    for topic, fields in found:
        field(topics[topic](), fields)


def test_every_panel_has_its_place():
    def panels(node):
        return [node] if isinstance(node, str) else panels(node["first"]) + panels(node["second"])

    assert sorted(panels(layout()["layout"])) == sorted(layout()["configById"])


def test_both_show_every_robot(topics):
    places = {name for name, message in topics.items() if message is Odometry and "fault" not in name}
    assert layout_topics() == rviz_topics() == places
    assert rviz()["Global Options"]["Fixed Frame"] == "map"
