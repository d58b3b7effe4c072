"""Any message survives CDR, and an independent implementation writes the same bytes."""

from typing import Any

import numpy as np
import pytest
from embedded_ros.cdr import NUMERIC, CdrError, deserialize, serialize
from embedded_ros.definitions import Field, definition
from embedded_ros.fields import integer_range
from embedded_ros.messages import message_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
TYPES = [
    "nav_msgs/msg/Odometry",
    "nav_msgs/msg/OccupancyGrid",
    "sensor_msgs/msg/JointState",
    "sensor_msgs/msg/BatteryState",
    "sensor_msgs/msg/CameraInfo",
    "diagnostic_msgs/msg/DiagnosticArray",
    "visualization_msgs/msg/InteractiveMarkerFeedback",
    "tf2_msgs/msg/TFMessage",
    "rcl_interfaces/msg/ParameterEvent",
    "rcl_interfaces/msg/Log",
    "std_msgs/msg/Int64MultiArray",
    "std_msgs/msg/Empty",
    "trajectory_msgs/msg/JointTrajectory",
    "rmw_dds_common/msg/ParticipantEntitiesInfo",
]
OWN_TYPES = ["rover_msgs/msg/AlarmArray", "rover_msgs/msg/Status"]


def primitive(field: Field) -> st.SearchStrategy[Any]:
    if field.nested:
        return messages(field.base)
    if limits := integer_range(field.base):
        return st.integers(*limits)
    if field.base == "float32":
        return st.floats(-(2.0**127), 2.0**127, width=32)
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "bool": st.booleans(),
        "byte": st.binary(min_size=1, max_size=1),
        "float64": st.floats(allow_nan=False),
        "string": st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),
    }
    return strategies[field.base]


def values(field: Field) -> st.SearchStrategy[Any]:
    element = primitive(field)
    if field.kind == "array":
        return st.lists(element, min_size=field.size, max_size=field.size)
    return st.lists(element, max_size=3) if field.kind == "sequence" else element


def messages(name: str) -> st.SearchStrategy[Any]:
    cls = message_class(name)
    return st.fixed_dictionaries({f.name: values(f) for f in definition(name).fields}).map(lambda found: cls(**found))


def as_rosbags(message: Any) -> Any:
    """The same message as a class of rosbags."""
    found = {}
    for field in definition(message.TYPE_NAME).fields:
        value = getattr(message, field.name)
        if field.nested:
            value = [as_rosbags(item) for item in value] if field.kind else as_rosbags(value)
        elif field.base == "byte" and not field.kind:
            value = int.from_bytes(value, "little", signed=True)  # as rosbags has it
        elif field.kind and field.base in NUMERIC:
            value = np.array(value)
        elif field.kind and field.base == "bool":
            value = np.array(value, np.bool_)
        elif field.kind and field.base == "byte":
            value = np.frombuffer(b"".join(value), np.uint8)
        found[field.name] = value
    return STORE.types[message.TYPE_NAME](**found)


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_round_trip_and_the_bytes_of_rosbags(name: str, data: st.DataObject) -> None:
    message = data.draw(messages(name))
    cls = type(message)
    cdr = serialize(message)
    assert deserialize(cls, cdr) == message
    assert cdr == bytes(STORE.serialize_cdr(as_rosbags(message), name))


@pytest.mark.parametrize("name", [*TYPES, *OWN_TYPES])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_bytes_that_end_too_early_are_refused(name: str, data: st.DataObject) -> None:
    message = data.draw(messages(name))
    cdr = serialize(message)
    assert deserialize(type(message), cdr) == message
    cut = data.draw(st.integers(0, len(cdr) - 1))
    with pytest.raises(CdrError):
        deserialize(type(message), cdr[:cut])
