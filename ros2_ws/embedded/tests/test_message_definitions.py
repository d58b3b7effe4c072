"""The definitions of the standard messages, and what Cyclone DDS is told about types."""

from collections.abc import Iterator
from dataclasses import make_dataclass
from pathlib import Path
from typing import Any

import pytest
from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import uint8
from embedded_ros.cdr import CdrError, deserialize, serialize
from embedded_ros.definitions import OWN_FOLDER, Definition, Field, UnknownTypeError, definition, parse, type_names
from embedded_ros.messages import message_class
from embedded_ros.typehash import type_hash
from embedded_ros.xtypes import type_information
from rosbags.typesys import Stores, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
# rosbags hashes `char` as a type of its own; ROS 2 (and so our recordings) as uint8.
HASHED_DIFFERENTLY = {f"rmw_dds_common/msg/{name}" for name in ("Gid", "NodeEntitiesInfo", "ParticipantEntitiesInfo")}
HASHED_DIFFERENTLY |= {"service_msgs/msg/ServiceEventInfo", "std_msgs/msg/Char"}
# What rosbags does not keep: every default and every constant of a service in the sources of ROS 2 Jazzy.
DEFAULTS: dict[str, dict[str, Any]] = {
    "geometry_msgs/msg/Quaternion": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0},
    "rcl_interfaces/msg/ParameterDescriptor": {"read_only": False, "dynamic_typing": False},
    "sensor_msgs/msg/NavSatStatus": {"status": -2},
    "type_description_interfaces/msg/FieldType": {"type_id": 0},
    "type_description_interfaces/srv/GetTypeDescription_Request": {"include_type_sources": True},
}
SERVICE_CONSTANTS = {
    "action_msgs/srv/CancelGoal_Response": {
        "ERROR_NONE": 0,
        "ERROR_REJECTED": 1,
        "ERROR_UNKNOWN_GOAL_ID": 2,
        "ERROR_GOAL_TERMINATED": 3,
    },
    "nav_msgs/srv/LoadMap_Response": {
        "RESULT_SUCCESS": 0,
        "RESULT_MAP_DOES_NOT_EXIST": 1,
        "RESULT_INVALID_MAP_DATA": 2,
        "RESULT_INVALID_MAP_METADATA": 3,
        "RESULT_UNDEFINED_FAILURE": 255,
    },
    "rcl_interfaces/srv/ListParameters_Request": {"DEPTH_RECURSIVE": 0},
}


def field_from_rosbags(name: str, label: str, description: Any) -> Field:
    kind = {3: "array", 4: "sequence"}.get(int(description[0]), "")
    inner, size = description[1] if kind else (description, 0)
    base, limit = inner[1] if int(inner[0]) == 1 else (inner[1], 0)
    return Field(label, base, kind, size, limit, DEFAULTS.get(name, {}).get(label))


@pytest.mark.parametrize("name", sorted(STORE.fielddefs))
def test_definitions_are_those_of_rosbags(name: str) -> None:
    constants, fields = STORE.fielddefs[name]
    wanted = [(label, found) for label, found in fields if label != "structure_needs_at_least_one_member"]
    values = {label: bytes([value]) if base == "byte" else value for label, base, value in constants}
    expected = Definition(name, tuple(field_from_rosbags(name, *item) for item in wanted), values)
    assert definition(name) == expected
    if name not in HASHED_DIFFERENTLY:
        assert type_hash(name) == STORE.hash_rihs01(name)


def standard_definitions() -> Iterator[Definition]:
    """Those of all messages and both halves of all services that come with the runtime."""
    for package in OWN_FOLDER.iterdir():
        for name in type_names(package.name):
            yield from map(definition, [f"{name}_Request", f"{name}_Response"] if "/srv/" in name else [name])


def test_defaults_and_constants_of_services_are_those_of_ros_2() -> None:
    found = list(standard_definitions())
    defaults = {one.name: {f.name: f.default for f in one.fields if f.default is not None} for one in found}
    assert {name: fields for name, fields in defaults.items() if fields} == DEFAULTS
    constants = {one.name: one.constants for one in found if "/srv/" in one.name and one.constants}
    assert constants == SERVICE_CONSTANTS


def test_a_message_begins_with_the_defaults() -> None:
    status = message_class("sensor_msgs/msg/NavSatStatus")
    assert (status().status, status().service, status.STATUS__DEFAULT) == (-2, 0, -2)
    assert status.STATUS_UNKNOWN == -2
    assert message_class("sensor_msgs/msg/NavSatFix")().status == status()
    assert message_class("geometry_msgs/msg/Quaternion").X__DEFAULT == 0.0


def test_a_package_lists_its_types() -> None:
    assert type_names("std_srvs") == ["std_srvs/srv/Empty", "std_srvs/srv/SetBool", "std_srvs/srv/Trigger"]
    wanted = ["rover_msgs/msg/Alarm", "rover_msgs/msg/AlarmArray", "rover_msgs/msg/Status", "rover_msgs/srv/Park"]
    assert type_names("rover_msgs") == wanted


@pytest.mark.parametrize("name", ["std_msgs/msg/Nope", "String", "nope/msg/String", "std_srvs/srv/Nope_Request"])
def test_unknown_types(name: str) -> None:
    with pytest.raises(UnknownTypeError, match="no definition of"):
        definition(name)


@pytest.mark.parametrize("name", ["std_msgs::msg::dds_::String_", "a::srv::dds_::B_Request_"])
def test_type_information_is_what_cyclonedds_makes(name: str) -> None:
    same: Any = make_dataclass("Same", [(name.replace(":", "_"), uint8)], bases=(IdlStruct,))
    same.__idl_typename__ = name
    same.__idl__.populate()
    same.__idl__.fill_type_data()
    assert type_information(name) == same.__idl__._xt_bytedata


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("float32 x 1", 1.0),
        ("bool x true", True),
        ("bool[2] x [true, False] # said twice", [True, False]),
        ("byte x 50", b"\x32"),
        ("byte[] x [0, 255]", [b"\x00", b"\xff"]),
        ("int8[3] x [0, 127, -128]", [0, 127, -128]),
        ("string x plain text", "plain text"),
        ('string x "# no comment" # a comment', "# no comment"),
        (r"string x 'it\'s'", "it's"),
        (r'wstring x "say \"ö\""', 'say "ö"'),
        ('string[2] x ["", "a b"]', ["", "a b"]),
    ],
)
def test_defaults(line: str, value: Any) -> None:
    assert parse("some_msgs/msg/Some", line).fields[0].default == value


def test_wide_strings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "share/wide_msgs/msg"
    folder.mkdir(parents=True)
    (folder / "Wide.msg").write_text("wstring<=4 text\n", encoding="utf-8")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    wide = message_class("wide_msgs/msg/Wide")
    data = bytes(serialize(wide(text="ö😀")))
    assert data.hex() == "00010000" + "03000000" + "f6000000" + "3dd80000" + "00de0000"  # each UTF-16 unit in 4 bytes
    assert deserialize(wide, data) == wide(text="ö😀")
    with pytest.raises(CdrError, match="Wide"):
        deserialize(wide, data[:-4])
