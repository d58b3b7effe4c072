"""Parameters: declaration, checks, callbacks and where values come from."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from embedded_ros.rosargs import node_matches
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
    RCLError,
    RCLInvalidROSArgsError,
    UnknownROSArgsError,
)
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from ros_world import World

STEPS = ParameterDescriptor(integer_range=[IntegerRange(from_value=0, to_value=10, step=2)])
RATE = ParameterDescriptor(floating_point_range=[FloatingPointRange(from_value=1.0, to_value=100.0, step=0.0)])


def test_declared_parameters_have_values_and_types(world: World) -> None:
    node = world.node()
    values = {"a": True, "b": 3, "c": 0.5, "d": "x", "e": [1, 2], "f": ["u", "v"], "g": [0.5], "h": [True]}
    for name, value in values.items():
        assert node.declare_parameter(name, value).value == value
    assert {name: node.get_parameter(name).value for name in values} == values
    assert node.get_parameter("e").type_ is Parameter.Type.INTEGER_ARRAY
    assert node.has_parameter("use_sim_time")
    with pytest.raises(ParameterAlreadyDeclaredException):
        node.declare_parameter("a", False)
    with pytest.raises(ParameterNotDeclaredException):
        node.get_parameter("nope")
    node.undeclare_parameter("a")
    assert not node.has_parameter("a")


def test_a_parameter_with_only_a_type_waits_for_its_value(world: World) -> None:
    node = world.node()
    node.declare_parameter("rate", Parameter.Type.DOUBLE)
    with pytest.raises(ParameterUninitializedException):
        node.get_parameter("rate")
    assert node.set_parameters([Parameter("rate", value=2.0)])[0].successful
    assert node.get_parameter("rate").value == 2.0


@pytest.mark.parametrize(
    ("descriptor", "start", "value", "reason"),
    [
        (RATE, 10.0, 100.0, None),
        (RATE, 10.0, 101.0, "out of range"),
        (RATE, 10.0, 5, "Wrong parameter type"),
        (STEPS, 2, 4, None),
        (STEPS, 2, 3, "not a valid step"),
        (STEPS, 2, 12, "out of range"),
        (ParameterDescriptor(read_only=True), 2, 4, "read-only"),
        (ParameterDescriptor(dynamic_typing=True), 2, "now text", None),
    ],
)
def test_descriptors_are_enforced(world: World, descriptor: Any, start: Any, value: Any, reason: str | None) -> None:
    node = world.node()
    node.declare_parameter("p", start, descriptor)
    result = node.set_parameters([Parameter("p", value=value)])[0]
    assert result.successful == (reason is None)
    assert (reason or "") in result.reason
    assert node.get_parameter("p").value == (value if reason is None else start)


def test_a_default_outside_the_range_is_refused(world: World) -> None:
    with pytest.raises(InvalidParameterValueException):
        world.node().declare_parameter("rate", 0.0, RATE)


def test_callbacks_can_refuse_and_are_told(world: World) -> None:
    node = world.node()
    node.declare_parameter("p", 1)
    told: list[Any] = []

    def check(parameters: list[Parameter]) -> Any:
        return SetParametersResult(successful=all(p.value < 5 for p in parameters if p.name == "p"), reason="too much")

    node.add_on_set_parameters_callback(check)
    node.add_post_set_parameters_callback(lambda parameters: told.append([p.value for p in parameters]))
    assert node.set_parameters_atomically([Parameter("p", value=3)]).successful
    refused = node.set_parameters_atomically([Parameter("p", value=7)])
    assert (refused.successful, refused.reason) == (False, "too much")
    assert told == [[3]]
    node.remove_on_set_parameters_callback(check)
    assert node.set_parameters_atomically([Parameter("p", value=7)]).successful


def test_changes_are_published(world: World) -> None:
    node, listener = world.node(), world.node("listener")
    events: list[Any] = []
    AsyncParameterClient(listener, "tester").on_parameter_event(events.append)
    world.spin_until(lambda: node._parameter_event_publisher.get_subscription_count() == 1)
    node.declare_parameter("p", 1)
    node.set_parameters([Parameter("p", value=2)])
    world.spin_until(lambda: len(events) == 2)
    assert [event.node for event in events] == ["/tester", "/tester"]
    assert events[0].new_parameters[0].value.integer_value == 1
    assert events[1].changed_parameters[0].value.integer_value == 2


def test_values_come_from_files_and_the_command_line(make_world: Callable[..., World], tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(
        """
/**: {ros__parameters: {rate: 5.0, name: all, tiny: 1e-3}}
/r1/gate: {ros__parameters: {name: mine, limits: {v: 0.5, list: [1, 2]}}}
/r1: {other: {ros__parameters: {name: no}}}
"""
    )
    world = make_world("--ros-args", "--params-file", str(file), "-p", "rate:=7.5", "-p", "other:name:=no")
    node = world.node("gate", namespace="/r1", parameter_overrides=[Parameter("given", value=1)])
    for name, default in (
        ("rate", 1.0),
        ("name", "x"),
        ("limits.v", 0.0),
        ("limits.list", [0]),
        ("tiny", 0.0),
        ("given", 0),
    ):
        node.declare_parameter(name, default)
    found = {name: parameter.value for name, parameter in node.get_parameters_by_prefix("").items()}
    assert found["rate"] == 7.5
    assert found["name"] == "mine"
    assert found["limits.list"] == [1, 2]
    assert found["tiny"] == 0.001
    assert found["given"] == 1
    assert {name: p.value for name, p in node.get_parameters_by_prefix("limits").items()} == {"v": 0.5, "list": [1, 2]}
    assert node.declare_parameter("later", 3, ignore_override=True).value == 3


EXACT_LAST = "/**: {ros__parameters: {x: any, y: any}}\n/ns/probe: {ros__parameters: {x: exact}}"
EXACT_FIRST = "/ns/probe: {ros__parameters: {x: first, y: first}}\n/**: {ros__parameters: {x: all, z: all}}"


@pytest.mark.parametrize(
    ("arguments", "values"),  # as rclpy of ROS 2 Jazzy has them
    [
        (["-p", "x:=p", "FILE_0"], {"x": "exact", "y": "any"}),
        (["FILE_0", "-p", "x:=p"], {"x": "exact", "y": "any"}),
        (["FILE_1"], {"x": "all", "y": "first", "z": "all"}),
        (["FILE_0", "FILE_1"], {"x": "first", "y": "first", "z": "all"}),
        (["FILE_1", "FILE_0"], {"x": "any", "y": "any", "z": "all"}),
        (["FILE_1", "-p", "x:=p"], {"x": "p", "y": "first", "z": "all"}),
        (["-p", "x:=p", "FILE_1"], {"x": "first", "y": "first", "z": "all"}),
    ],
)
def test_the_order_in_which_parameters_apply(
    make_world: Callable[..., World], tmp_path: Path, arguments: list[str], values: dict[str, str]
) -> None:
    given: list[str] = []
    for argument in arguments:
        if argument.startswith("FILE_"):
            (tmp_path / argument).write_text((EXACT_LAST, EXACT_FIRST)[int(argument[-1])])
            given += ["--params-file", str(tmp_path / argument)]
        else:
            given.append(argument)
    world = make_world("--ros-args", *given)
    node = world.node("probe", namespace="/ns", automatically_declare_parameters_from_overrides=True)
    assert {name: node.get_parameter(name).value for name in "xyz" if node.has_parameter(name)} == values


def test_a_value_of_another_type_is_refused(make_world: Callable[..., World]) -> None:
    node = make_world("--ros-args", "-p", "rate:=fast").node()
    with pytest.raises(
        InvalidParameterTypeException, match="'rate' to 'fast' of type 'STRING', expecting type 'DOUBLE'"
    ):
        node.declare_parameter("rate", 1.0)


@pytest.mark.parametrize("arguments", [["-p", "x"], ["-r"], ["--params-file", "/nowhere.yaml"], ["-p", "x:={"]])
def test_unreadable_arguments_are_errors(make_world: Callable[..., World], arguments: list[str]) -> None:
    with pytest.raises(RCLError, match="failed to initialize rcl: "):
        make_world("--ros-args", *arguments)


def test_arguments_of_a_node_are_checked(world: World) -> None:
    with pytest.raises(RCLInvalidROSArgsError, match="Failed to parse ROS arguments: "):
        world.node(cli_args=["--ros-args", "-p", "x"])
    with pytest.raises(UnknownROSArgsError, match=re.escape("['--nope']")):
        world.node(cli_args=["--ros-args", "--nope"])


def test_unknown_arguments_are_errors_of_their_own(make_world: Callable[..., World]) -> None:
    with pytest.raises(UnknownROSArgsError, match=re.escape("['--nope']")):
        make_world("--ros-args", "--nope")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "while parsing a flow sequence"),
        ("- 1", "there is no ros__parameters above"),
        ("x: {p: 3}", "there is no ros__parameters above x/p"),
        ("/**: {ros__parameters: 3}", "has no names below it"),
        ("/**: {ros__parameters: {p: [1, a]}}", "the values of p are not of one type"),
    ],
)
def test_unreadable_parameter_files_are_errors(
    make_world: Callable[..., World], tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text(text)
    with pytest.raises(RCLError, match=f"Couldn't parse params file: '--params-file {file}'. Error: .*{message}"):
        make_world("--ros-args", "--params-file", str(file))


def test_an_empty_parameter_file_and_null_are_no_errors(make_world: Callable[..., World], tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").touch()
    (tmp_path / "null.yaml").write_text("/**: {ros__parameters: {p: null}}")
    files = [part for name in ("empty", "null") for part in ("--params-file", str(tmp_path / f"{name}.yaml"))]
    node = make_world("--ros-args", *files).node()
    assert node.declare_parameter("p", "").value == "null"


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("/**", "/a/b", True),
        ("/*", "/a", True),
        ("/*", "/a/b", False),
        ("/**/b", "/a/b", True),
        ("/**/b", "/b", True),
        ("/*/b", "/b", False),
        ("b", "/b", True),
        ("/a/b", "/a/c", False),
    ],
)
def test_node_patterns(pattern: str, name: str, matches: bool) -> None:
    assert node_matches(pattern, name) is matches


def test_what_is_below_repeated_keys_is_joined_and_plain_values_have_the_types_of_ros_2(
    make_world: Callable[..., World], tmp_path: Path
) -> None:
    text = (
        "n: {ros__parameters: {a: y, b: 1_000, c: 010}}\nn: {ros__parameters: {d: 1:30, y: 2020-01-01, e: [], f: 1e3}}"
    )
    (tmp_path / "p.yaml").write_text(text)
    node = make_world("--ros-args", "--params-file", str(tmp_path / "p.yaml")).node("n")
    defaults = {"a": False, "b": "", "c": 0, "d": "", "y": "", "f": 0.0}
    found = {name: node.declare_parameter(name, default).value for name, default in defaults.items()}
    assert found == {"a": True, "b": "1_000", "c": 8, "d": "1:30", "y": "2020-01-01", "f": 1000.0}
    assert node.declare_parameter("e", [1]).type_ is Parameter.Type.NOT_SET


def test_clients_load_files(world: World, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("/a: {ros__parameters: {x: '1', y: {z: [a]}}}\n/**: {ros__parameters: {w: 0.5}}")
    target = world.node("target", allow_undeclared_parameters=True)
    client = AsyncParameterClient(world.node(), "target")
    world.answer(client.load_parameter_file(str(tmp_path / "p.yaml"), use_wildcard=True))
    assert [target.get_parameter(name).value for name in ("w", "x", "y.z")] == [0.5, 1, ["a"]]
