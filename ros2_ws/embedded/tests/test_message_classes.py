"""Message classes beside what rosidl's classes say and do."""

import array
import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from embedded_ros.messages import interface_class
from embedded_ros.typehash import type_hash
from geometry_msgs.msg import Point, Quaternion, Twist
from nav_msgs.msg import Odometry
from rcl_interfaces.msg import ParameterType
from rclpy._rclpy_pybind11 import RMWError
from rclpy.serialization import deserialize_message, serialize_message
from ros_world import DATA
from rover_msgs.msg import AlarmArray
from sensor_msgs.msg import JointState
from std_msgs.msg import Empty, Float32, Int32, String, UInt8MultiArray
from std_srvs.srv import SetBool, Trigger

RECORDED = json.loads((DATA / "ros2_jazzy_messages.json").read_text())
GRAPH = json.loads((DATA / "ros2_jazzy_graph.json").read_text())


def build(cls: type[Any], values: dict[str, Any]) -> Any:
    """Message from the recording's dictionary."""
    message = cls()
    for name, value in values.items():
        label = cls.get_fields_and_field_types()[name]
        setattr(message, name, convert(getattr(message, name), label, value))
    return message


def convert(current: Any, label: str, value: Any) -> Any:
    base = label.removeprefix("sequence<").split(",")[0].split("[")[0].rstrip(">")
    if isinstance(value, dict):
        return build(type(current), value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [build(interface_class(base.replace("/", "/msg/")), item) for item in value]
    if base == "octet":
        return [bytes([item]) for item in value] if isinstance(value, list) else bytes([value])
    return np.array(value, current.dtype) if isinstance(current, np.ndarray) else value


@pytest.mark.parametrize("entry", RECORDED, ids=[entry["type"] for entry in RECORDED])
def test_bytes_fields_and_hash_are_those_of_ros_2(entry: dict[str, Any]) -> None:
    cls = interface_class(entry["type"])
    assert cls.get_fields_and_field_types() == entry["fields"]
    assert type_hash(entry["type"]) == entry["type_hash"]
    assert serialize_message(cls()).hex() == entry["cases"][0]["cdr"]
    for case in entry["cases"]:
        message = build(cls, case["value"])
        assert serialize_message(message).hex() == case["cdr"]
        assert deserialize_message(bytes.fromhex(case["cdr"]), cls) == message


def test_hashes_of_service_types_are_those_on_the_network() -> None:
    for endpoint in GRAPH["endpoints"]:
        if endpoint["kind"] != "participant":
            name = endpoint["type"].replace("::dds_::", "/").replace("::", "/").removesuffix("_")
            assert f"typehash={type_hash(name)};" in endpoint["user_data"]


def test_defaults_keywords_and_constants() -> None:
    assert Quaternion().w == 1.0
    assert Point(x=1.5) == Point(x=1.5, y=0.0)
    assert Point(x=1.5) != Point()
    assert ParameterType.PARAMETER_DOUBLE == 3
    assert DiagnosticStatus.ERROR == b"\x02"
    assert DiagnosticStatus().level == b"\x00"
    assert Quaternion.W__DEFAULT == 1.0
    for constant in ("PARAMETER_DOUBLE", "PARAMETER_STRING"):
        with pytest.raises(AttributeError, match=f"ParameterType.{constant} cannot be set"):
            setattr(ParameterType, constant, 7)
    with pytest.raises(AssertionError, match="Invalid arguments passed to constructor: dta"):
        String(dta="x")
    with pytest.raises(AttributeError):
        String().dta = "x"  # type: ignore[attr-defined, unused-ignore]


def test_repr() -> None:
    assert repr(String(data="hi")) == "std_msgs.msg.String(data='hi')"
    assert repr(SetBool.Request(data=True)) == "std_srvs.srv.SetBool_Request(data=True)"
    assert repr(UInt8MultiArray(data=[1, 2])).endswith("data=[1, 2])")
    assert repr(Empty()) == "std_msgs.msg.Empty()"


def test_numbers_are_kept_in_arrays() -> None:
    odometry = Odometry()
    assert odometry.pose.covariance.dtype == np.float64
    assert odometry.pose.covariance.shape == (36,)
    joints = JointState(position=[1.0, 2.0], name=["a", "b"])
    assert joints.position == array.array("d", [1.0, 2.0])
    assert joints.name == ["a", "b"]
    again = deserialize_message(serialize_message(odometry), Odometry)
    again.pose.covariance[0] = 1.0  # writable


@pytest.mark.parametrize(
    ("assign", "message"),
    [
        (lambda: setattr(Int32(), "data", 1.0), "The 'data' field must be of type 'int'"),
        (
            lambda: setattr(Int32(), "data", 2**31),
            r"The 'data' field must be an integer in \[-2147483648, 2147483647\]",
        ),
        (
            lambda: setattr(Time(), "nanosec", -1),
            r"The 'nanosec' field must be an unsigned integer in \[0, 4294967295\]",
        ),
        (lambda: setattr(Point(), "x", 1), "The 'x' field must be of type 'float'"),
        (lambda: setattr(Float32(), "data", 1e39), "The 'data' field must be a float in"),
        (lambda: setattr(String(), "data", b"x"), "The 'data' field must be of type 'str'"),
        (lambda: setattr(Twist(), "linear", Point()), "The 'linear' field must be a sub message of type 'Vector3'"),
        (
            lambda: setattr(JointState(), "name", "ab"),
            "The 'name' field must be a set or sequence and each value of type 'str'",
        ),
        (lambda: setattr(JointState(), "position", [1]), "each value of type 'float'"),
        (lambda: setattr(JointState(), "position", array.array("f")), "must have the type code of 'd'"),
        (
            lambda: setattr(Odometry().pose, "covariance", np.zeros(36, np.float32)),
            "must have the dtype of 'numpy.float64'",
        ),
        (lambda: setattr(Odometry().pose, "covariance", np.zeros(35)), "must have a size of 36"),
        (lambda: setattr(DiagnosticStatus(), "level", 1), "must be of type 'bytes' or 'ByteString' with length 1"),
    ],
)
def test_assignments_are_checked(assign: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        assign()


def test_copies_and_pickles() -> None:
    message = Odometry(child_frame_id="base")
    message.pose.covariance[3] = 2.0
    for other in (copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert other == message
        other.pose.covariance[3] = 0.0
        assert other != message
    with pytest.raises(TypeError, match="unhashable"):
        hash(message)


def test_services_have_two_halves_and_no_instances() -> None:
    assert Trigger.Response(success=True).success is True
    with pytest.raises(NotImplementedError):
        SetBool()


def test_messages_of_source_packages_are_found() -> None:
    message = AlarmArray(alarms=[])
    assert deserialize_message(serialize_message(message), AlarmArray) == message


def test_unknown_names_are_import_errors() -> None:
    with pytest.raises(ImportError):
        from std_msgs.msg import Strin  # noqa: F401


@pytest.mark.parametrize(
    ("cdr", "cls"),
    [
        ("0001000005000000", String),
        ("00010000", String),
        ("000200000000", Int32),
        ("", Int32),
        ("0001000002000000ff00", String),
    ],
)
def test_other_bytes_are_refused(cdr: str, cls: type[Any]) -> None:
    with pytest.raises(RMWError, match="failed to deserialize ROS message"):
        deserialize_message(bytes.fromhex(cdr), cls)
