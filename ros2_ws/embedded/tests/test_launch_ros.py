"""Nodes started by launch files: names, namespaces, parameters and remappings as they arrive in the node."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from launch.substitutions import LaunchConfiguration, TextSubstitution
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue, evaluate_dict
from launch_ros.substitutions import FindPackageShare
from ros2_process import ROS2, Running

from launch import LaunchContext

PROGRAM = f"""#!{sys.executable}
import json, sys
import rclpy
rclpy.init()
node = rclpy.create_node("program", automatically_declare_parameters_from_overrides=True)
values = {{name: found.value for name, found in node.get_parameters_by_prefix("").items()}}
values = {{name: list(value) if hasattr(value, "tolist") else value for name, value in values.items()}}
print("NODE", json.dumps({{
    "name": node.get_fully_qualified_name(),
    "chatter": node.resolve_topic_name("chatter"),
    "parameters": values,
    "arguments": rclpy.utilities.remove_ros_args(sys.argv)[1:] if hasattr(rclpy.utilities, "remove_ros_args") else [],
}}), flush=True)
"""
HEADER = """
from launch import LaunchDescription
from launch.actions import *
from launch.substitutions import *
from launch_ros.actions import *
from launch_ros.substitutions import *
from launch_ros.parameter_descriptions import *

def generate_launch_description():
    return LaunchDescription(ENTITIES)
"""
Launch = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An installed package 'demo' with a node 'program'."""
    prefix = tmp_path / "prefix"
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / "demo"
    program = prefix / "lib" / "demo" / "program"
    for file, text in ((marker, ""), (program, PROGRAM), (prefix / "share" / "demo" / "package.xml", "")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    program.chmod(0o755)
    return prefix


@pytest.fixture
def launch(tmp_path: Path, prefix: Path, ros_domain: int) -> Iterator[Launch]:
    """Runs a launch file with these entities and returns what the nodes say of themselves, by their labels."""
    started = []

    def run(entities: str) -> list[dict[str, Any]]:
        file = prefix / "share" / "demo" / "test.launch.py"
        file.write_text(HEADER.replace("ENTITIES", f"[{entities}]"))
        env = {
            "AMENT_PREFIX_PATH": str(prefix),
            "ROS_LOG_DIR": str(tmp_path / "log"),
            "TMPDIR": str(tmp_path),
        }
        running = Running([*ROS2, "launch", "demo", "test.launch.py"], env)
        started.append(running)
        assert running.wait() == 0, running.lines
        said = sorted(line.split(" NODE ") for line in running.lines if " NODE " in line)
        return [{"label": label, **json.loads(text)} for label, text in said]

    yield run
    for running in started:
        running.end()


def test_name_namespace_remapping_and_arguments(launch: Launch) -> None:
    default, named, pushed = launch("""
        Node(package='demo', executable='program', output='screen'),
        Node(package='demo', executable='program', output='screen', name='n', namespace='a/b', exec_name='shown',
             remappings=[('chatter', 'talk')], arguments=['one', TextSubstitution(text='two')]),
        GroupAction([
            PushRosNamespace('x'), PushRosNamespace('y'), SetRemap('chatter', '/all'),
            Node(package='demo', executable='program', output='screen', namespace='z', name='n')])""")
    assert (default["label"], default["name"], default["chatter"]) == ("[program-1]", "/program", "/chatter")
    assert (pushed["name"], pushed["chatter"]) == ("/a/b/n", "/a/b/talk")
    assert (pushed["label"], pushed["arguments"]) == ("[shown-2]", ["one", "two"])
    assert (named["label"], named["name"], named["chatter"]) == ("[program-3]", "/x/y/z/n", "/all")


def test_parameters_from_dicts_files_and_scopes(launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "wild.yaml").write_text(
        "/**:\n  ros__parameters: {wild: 1, both: wild}\n"
        "/a/n:\n  ros__parameters: {both: own, list: [1.5, 2.5]}\n"
        "/a/*:\n  ros__parameters: {star: true}\n"
        "/other:\n  ros__parameters: {wrong: 1}\n"
    )
    first, second = launch(f"""
        SetParameter('scoped', 'text'),
        GroupAction([SetParameter('scoped', [1, 2]), SetParameter('small', 1e-5),
            Node(package='demo', executable='program', output='screen', namespace='a', name='n', parameters=[
                '{tmp_path}/wild.yaml',
                {{'number': 3, 'real': 2.0, 'flag': True, 'text': '10', 'empty': '', 'nested': {{'inner': [1, 2.5]}},
                  'from_text': TextSubstitution(text='7'), 'as_text': ParameterValue('7', value_type=str),
                  'names': ['1', 'b'], 'single': 'x: y'}}])]),
        Node(package='demo', executable='program', output='screen')""")
    parameters = first["parameters"]
    for name in ("use_sim_time", "start_type_description_service"):
        parameters.pop(name)
        second["parameters"].pop(name)
    assert parameters == {
        "scoped": [1, 2],
        "small": 1e-5,
        "wild": 1,
        "both": "own",
        "list": [1.5, 2.5],
        "star": True,
        "number": 3,
        "real": 2.0,
        "flag": True,
        "text": "10",
        "empty": "",
        "nested.inner": [1.0, 2.5],
        "from_text": 7,
        "as_text": "7",
        "names": ["1", "b"],
        "single": "x: y",
    }
    assert second["parameters"] == {"scoped": "text"}
    assert list(tmp_path.glob("launch_params_*")) == []


def test_values_are_read_by_yaml_s_rules_or_as_told() -> None:
    context = LaunchContext()
    context.launch_configurations["rate"] = "10"
    rate = LaunchConfiguration("rate")
    given = {
        "integer": rate,
        "joined": [rate, ".5"],
        "text": ParameterValue(rate, value_type=str),
        "real": ParameterValue(rate, value_type=float),
        "listed": ParameterValue(TextSubstitution(text="[1.0, 2.0]"), value_type=list[float]),
        "each": [[rate], [rate, "1"]],
        "nested": {"a": {"b": False}},
    }
    assert evaluate_dict(context, given) == {
        "integer": 10,
        "joined": 10.5,
        "text": "10",
        "real": 10.0,
        "listed": [1.0, 2.0],
        "each": [10, 101],
        "nested.a.b": False,
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], 'non-empty sequence.* Got inconsistent input for "p"'),
        ([1, "a"], 'items of uniform type.* Got inconsistent input for "p"'),
        (TextSubstitution(text="{a: 1}"), "Allowed value types are .* Got <class 'dict'> for \"p\""),
        (TextSubstitution(text="a: : b"), "Unable to parse the value of parameter p as yaml"),
    ],
)
def test_values_that_are_no_parameters(value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        evaluate_dict(LaunchContext(), {"p": value})


def test_what_is_not_supported_says_so() -> None:
    with pytest.raises(NotImplementedError, match="LifecycleNode"):
        from launch_ros.actions import LifecycleNode  # noqa: F401
    with pytest.raises(NotImplementedError, match="allow_substs"):
        ParameterFile("a.yaml", allow_substs=True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"package": "no_such_package"}, "no_such_package"),
        ({"package": "rover"}, "executable 'x' not found in package 'rover', which has:"),
        ({"name": "a-b"}, "(?s)Invalid node name: .*'a-b'"),
        ({"namespace": "1"}, "(?s)Invalid namespace: .*'/1'"),
        ({"parameters": ("a.yaml",)}, "'Node' expected 'parameters' to be one of"),
        ({"parameters": [{"p": {"q": None}}]}, "Unexpected type for parameter value None"),
        ({"parameters": [5.0]}, r"expected 'param_file' to be one of .* got '5\.0'"),
        ({"remappings": [["a", "b"]]}, "Expected 'remap_rule' to be one of"),
        ({"remappings": [("a", "b", "c")]}, "tuple of length 2, got length 3"),
    ],
)
def test_nodes_that_cannot_be_started(arguments: dict[str, Any], error: str) -> None:
    with pytest.raises((RuntimeError, ValueError, KeyError, TypeError), match=error):
        Node(executable="x", **arguments).execute(LaunchContext())


def test_pushed_namespace_must_be_valid() -> None:
    with pytest.raises(RuntimeError, match=r"invalid: .previous_namespace='None', pushed_namespace='a b'"):
        PushRosNamespace("a b").execute(LaunchContext())


def test_package_share_of_sources() -> None:
    share = Path(FindPackageShare("rover").perform(LaunchContext()))
    assert (share / "package.xml").is_file()
