"""Calls of rclpy and what comes of them, as text.

With a real ROS 2 sourced, `ROS_PYTHON_CHECK_FIELDS=1 python rclpy_calls.py` records what it says to every call in
data/rclpy_calls.json.
"""

import json
import re
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context

CALLS = Path(__file__).with_name("data") / "rclpy_calls.json"
IMPORTS = """
import array
import numpy as np
import rclpy.logging
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, Pose, PoseArray, PoseWithCovariance, Polygon, Quaternion
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, ParameterValue
from rclpy.callback_groups import *
from rclpy.context import Context
from rclpy.clock import *
from rclpy.duration import Duration, Infinite
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node
from rclpy.parameter import *
from rclpy.qos import *
from rclpy.qos_overriding_options import *
from rclpy.task import Future
from rclpy.time_source import TimeSource
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.type_hash import TypeHash
from rclpy.time import Time
from rclpy.utilities import remove_ros_args
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
from rclpy.validate_topic_name import validate_topic_name
from sensor_msgs.msg import Image, JointState, LaserScan
from std_msgs.msg import Float64MultiArray, Header, Int32, String
from std_srvs.srv import SetBool, Trigger


def says(*arguments):
    # whether init takes them
    context = Context()
    try:
        context.init(["--ros-args", *arguments])
    except RuntimeError:
        return "refused"
    context.shutdown()
    return "taken"
"""


def names(context: Context) -> dict[str, Any]:
    """What the calls refer to: `node` is /s/n1 with a remapping and two parameter overrides."""
    found: dict[str, Any] = {}
    exec(IMPORTS, found)
    found["node"] = rclpy.create_node("n1", namespace="s", context=context)
    return found


ARGUMENTS = ["p", "--ros-args", "-p", "given:=5", "-p", "text:=abc", "-r", "q:=/w"]


def outcome(call: str, found: dict[str, Any]) -> str:
    """Value or exception of a call, without file names, addresses and generated module names."""
    try:
        text = str(eval(call, found))
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    return re.sub(r", at /\S+| at 0x[0-9a-f]+", "", re.sub(r"\.msg\._\w+\.", ".msg.", text))


def main() -> None:
    context = Context()
    context.init(ARGUMENTS)
    found = names(context)
    recorded = [[call, outcome(call, found)] for call, _ in json.loads(CALLS.read_text())]
    CALLS.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
    found["node"].destroy_node()
    context.shutdown()


if __name__ == "__main__":
    main()
