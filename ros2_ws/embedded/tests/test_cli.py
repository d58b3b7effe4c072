"""The `ros2` command beside what a real ROS 2 Jazzy printed about the same node, and what it does elsewhere."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from embedded_ros.cli.message_text import Style, to_csv, to_yaml
from geometry_msgs.msg import Point32, Polygon
from rclpy.qos import qos_profile_sensor_data
from ros2_process import DATA, ROS2, Running, is_running, pid_in, recorded, wait_until
from ros_world import World
from std_msgs.msg import ByteMultiArray, Header, String
from std_srvs.srv import SetBool

NODE = DATA / "ros2_jazzy_cli_node.py"
COMMANDS = [entry for word in ("node", "topic", "service", "param", "interface") for entry in recorded(f"ros2 {word}")]
Ros2 = Callable[..., Running]


@pytest.fixture
def ros2(ros_domain: int) -> Iterator[Ros2]:
    """Runs the command."""
    started = []

    def start(*arguments: str, **env: str) -> Running:
        started.append(Running([*ROS2, *arguments], env))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture
def policy(ros_domain: int, ros2: Ros2) -> Iterator[Running]:
    """The recorded node, running."""
    running = Running([sys.executable, str(NODE)])
    assert ros2("topic", "echo", "--once", "/robot_3/odom", "nav_msgs/msg/Odometry").wait() == 0
    yield running
    running.end()


def split(command: str) -> list[str]:
    """Split a recorded command, whose quotes were lost."""
    return re.findall(r"\{[^}]*\}|data: hi|\S+", command)[1:]


def normalise(lines: list[str]) -> list[str]:
    """Blank out what differs from run to run; the order of a package's types is not defined."""
    lines = [re.sub(r"GID: [0-9a-f.]+", "GID: …", line) for line in lines]
    return sorted(lines) if any(line.startswith("std_srvs/srv/Trigger") for line in lines) else lines


def test_prints_what_ros_2_prints(ros2: Ros2, policy: Running) -> None:
    differences = {}
    assert len(COMMANDS) > 35
    for command, output, status in COMMANDS:
        if status == 124:  # ended by a timeout
            continue
        running = ros2(*split(command))
        found = (running.wait(), normalise(running.lines))
        if found != (status, normalise(output)):
            differences[command] = found
    assert differences == {}
    policy.wait_for("heard hello")
    policy.wait_for("heard hi", count=2)


def test_hz_measures_until_interrupted(ros2: Ros2, policy: Running) -> None:
    pattern = r"average rate: \d\.\d{3}\n\tmin: 0\.\d{3}s max: \d\.\d{3}s std dev: \d\.\d{5}s window: \d+"
    running = ros2("topic", "hz", "/robot_3/odom")
    wait_until(lambda: re.match(pattern, "\n".join(running.lines)) is not None, lambda: str(running.lines))
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == signal.SIGINT


def test_echo_waits_for_messages_and_selects(ros2: Ros2, policy: Running) -> None:
    options = ("--filter", "m.data != 'no'", "--full-length", "--qos-reliability", "reliable")
    listening = ros2("topic", "echo", "/cmd", "std_msgs/msg/String", *options)
    wait_until(
        lambda: "Subscription count: 2" in _output(ros2("topic", "info", "/cmd")), lambda: "echo does not subscribe"
    )
    text = "x" * 200
    for data in ("no", text):
        values = f"{{data: '{data}'}}"
        assert ros2("topic", "pub", "-1", "-w", "2", "--keep-alive", "2", "/cmd", "std_msgs/String", values).wait() == 0
    listening.wait_for("---")
    assert listening.lines == [f"data: {text}", "---"]
    listening.process.terminate()
    assert listening.wait() == signal.SIGTERM


def _output(running: Running) -> list[str]:
    running.wait()
    return running.lines


def test_echo_tells_when_publishers_differ(ros2: Ros2, world: World) -> None:
    node = world.node()
    for name, kind, qos in (
        ("/mixed", String, 10),
        ("/mixed", String, qos_profile_sensor_data),
        ("/two", String, 10),
        ("/two", Header, 10),
    ):
        node.create_publisher(kind, name, qos)
    running = ros2("topic", "echo", "/mixed", "--timeout", "0.1")
    assert (running.wait(), running.lines) == (
        0,
        [
            "Some, but not all, publishers are offering QoSReliabilityPolicy.RELIABLE. "
            "Falling back to QoSReliabilityPolicy.BEST_EFFORT as it will connect to all publishers"
        ],
    )
    assert _output(ros2("topic", "echo", "/two")) == [
        "Cannot echo topic '/two', as it contains more than one type: [std_msgs/msg/Header, std_msgs/msg/String]"
    ]


def test_pub_stamps_headers(ros2: Ros2, ros_domain: int) -> None:
    echo = ros2("topic", "echo", "--once", "/stamped", "std_msgs/msg/Header", "--field", "stamp", "-i")
    values = "{stamp: now, frame_id: map}"
    ros2("topic", "pub", "-w", "1", "-n", "stamper", "/stamped", "std_msgs/msg/Header", values)
    assert echo.wait() == 0
    assert any(re.match(r"source_timestamp: \d{19}$", line) for line in echo.lines[: echo.lines.index("---")])
    assert int(echo.lines[echo.lines.index("---") + 1].removeprefix("sec: ")) > 1_600_000_000
    assert _output(ros2("node", "list")) == ["/stamper"]


def test_parameters_are_loaded_from_a_file(ros2: Ros2, policy: Running, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("/**:\n  ros__parameters: {rate_hz: 5.0}\n/elsewhere:\n  ros__parameters: {policy: other}\n")
    assert sorted(_output(ros2("param", "load", "/robot_3/policy", str(file)))) == [
        "Set parameter policy successful",
        "Set parameter rate_hz successful",
    ]
    assert _output(ros2("param", "get", "--hide-type", "robot_3/policy", "policy")) == ["other"]
    options = ("--param-prefixes", "rate_hz", "policy", "--filter", "r", "--param-type")
    assert _output(ros2("param", "list", "/robot_3/policy", *options)) == ["  rate_hz (type: double)"]


def test_pub_waits_no_longer_than_it_may(ros2: Ros2, ros_domain: int) -> None:
    running = ros2("topic", "pub", "--once", "--max-wait-time-secs", "0.1", "/unheard", "std_msgs/msg/String")
    assert running.wait() == 1
    assert "Timed out waiting for subscribers: Expected 1 subcribers but only got 0" in running.lines[-1]


def test_call_repeats(ros2: Ros2, policy: Running) -> None:
    calling = ros2("service", "call", "/emergency_stop/set", "std_srvs/srv/SetBool", "{data: true}", "-r", "10")
    calling.wait_for("message='latched'", count=2)
    calling.process.send_signal(signal.SIGINT)
    assert calling.wait() == signal.SIGINT


def test_flow_style_puts_collections_on_one_line() -> None:
    polygon = Polygon(points=[Point32(x=1.0), Point32()])
    assert to_yaml(polygon, Style(flow_style=True)) == "points: [{x: 1.0, y: 0.0, z: 0.0}, {x: 0.0, y: 0.0, z: 0.0}]\n"


def test_csv_puts_values_on_one_line() -> None:
    assert to_csv(ByteMultiArray(data=[b"a", b"\xff", b"c"]), Style(truncate_length=2)) == "0,b'a',b'\\xff',..."


def test_hidden_topics_are_shown_on_demand(ros2: Ros2, world: World) -> None:
    world.node().create_publisher(String, "/_hidden", 10)
    assert ros2("topic", "type", "/_hidden").wait() == 1
    assert _output(ros2("topic", "--include-hidden-topics", "type", "/_hidden")) == ["std_msgs/msg/String"]


def test_lists_services_that_are_only_called(ros2: Ros2, world: World) -> None:
    world.node().create_client(SetBool, "/elsewhere")
    assert "/elsewhere [std_srvs/srv/SetBool]" in _output(ros2("service", "list", "-t"))


def test_hidden_nodes_are_listed_on_demand(ros2: Ros2, ros_domain: int) -> None:
    assert _output(ros2("node", "list")) == []
    (own,) = _output(ros2("node", "list", "--all"))
    assert own.startswith("/_ros2cli_")
    assert _output(ros2("topic", "list", "-c")) == ["2"]


def test_shows_interfaces(ros2: Ros2) -> None:
    shown = _output(ros2("interface", "show", "nav_msgs/msg/Path", "--no-comments"))
    assert shown[:2] == ["std_msgs/Header header", "\tbuiltin_interfaces/Time stamp"]
    assert _output(ros2("interface", "show", "std_srvs/srv/SetBool", "--no-comments")) == [
        "bool data",
        "---",
        "bool success",
        "string message",
    ]
    assert _output(ros2("interface", "show", "std_msgs/msg/None")) == [
        "Could not find the interface 'std_msgs/msg/None'"
    ]
    listed = _output(ros2("interface", "list", "-m"))
    assert listed[0] == "Messages:"
    assert "    rover_msgs/msg/Status" in listed


def test_finds_packages(ros2: Ros2, tmp_path: Path) -> None:
    assert {"rover", "rover_msgs", "std_msgs"} <= set(_output(ros2("pkg", "list")))
    assert _output(ros2("pkg", "prefix", "--share", "rover")) == [str(DATA / "packages" / "rover")]
    assert "rover drive" in _output(ros2("pkg", "executables"))
    assert _output(ros2("pkg", "prefix", "nopkg")) == ["Package not found"]


@pytest.mark.parametrize(("command", "output", "status"), list(recorded("ros2 run")))
def test_run_prints_what_ros_2_prints(ros2: Ros2, command: str, output: list[str], status: int) -> None:
    running = ros2(*split(command))
    assert (running.wait(), running.lines) == (status, output)


@pytest.fixture
def run_script(tmp_path: Path, ros2: Ros2) -> Callable[..., Running]:
    """Runs a shell script as an executable of a package."""

    def start(script: str, *arguments: str) -> Running:
        program = tmp_path / "lib" / "demo" / "program"
        marker = tmp_path / "share" / "ament_index" / "resource_index" / "packages" / "demo"
        for file, text in ((program, f"#!/bin/sh\n{script}\n"), (marker, "")):
            file.parent.mkdir(parents=True)
            file.write_text(text)
        program.chmod(0o755)
        return ros2("run", *arguments, "demo", "program", "one", "--two", AMENT_PREFIX_PATH=str(tmp_path))

    return start


def test_run_passes_arguments_and_exit_status(run_script: Callable[..., Running]) -> None:
    running = run_script('echo "$0" "$@"; exit 7', "--prefix", "env SOME=thing")
    assert running.wait() == 7
    assert running.lines[0].endswith("lib/demo/program one --two")
    assert running.lines[1] == "[ros2run]: Process exited with failure 7"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_passes_signals(run_script: Callable[..., Running], number: int) -> None:
    running = run_script("echo ready; exec sleep 1000")
    running.wait_for("ready")
    running.process.send_signal(number)
    assert running.wait() == 256 - number
    assert running.lines[-1] == f"[ros2run]: {signal.strsignal(number)}"


def test_run_leaves_nothing_when_killed(run_script: Callable[..., Running]) -> None:
    running = run_script("echo ready $$; exec sleep 1000")
    child = pid_in(running.wait_for("ready"))
    running.process.kill()
    wait_until(lambda: not is_running(child), lambda: f"{child} still runs")


def test_entry_points_run_like_console_scripts(tmp_path: Path) -> None:
    (tmp_path / "some_module.py").write_text("import sys\ndef main():\n    print(sys.argv)\n    return 3\n")
    program = "import embedded_ros.cli.entry_point as e; print(*e.command('talker', 'some_module:main'), sep='\\n')"
    command = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    result = subprocess.run([*command, "a"], capture_output=True, text=True, env=env, check=False)
    assert (result.returncode, result.stdout) == (3, "['talker', 'a']\n")


@pytest.mark.parametrize("arguments", [["bag", "convert"], ["topic", "bw"], ["doctor"]])
def test_what_is_not_here_says_so(ros2: Ros2, arguments: list[str]) -> None:
    running = ros2(*arguments)
    assert running.wait() == 2
    assert f"invalid choice: '{arguments[-1]}' (choose from" in running.lines[-1]


def test_hands_over_to_a_sourced_ros_2(ros2: Ros2, tmp_path: Path) -> None:
    real = tmp_path / "bin" / "ros2"
    real.parent.mkdir()
    real.write_text('#!/bin/sh\necho the real one: "$@"\nexit 5\n')
    real.chmod(0o755)
    running = ros2("bag", "info", ROS_DISTRO="jazzy", AMENT_PREFIX_PATH=f"/nowhere:{tmp_path}")
    assert (running.wait(), running.lines) == (5, ["the real one: bag info"])


def test_reads_standard_input(ros_domain: int) -> None:
    command = [*ROS2, "interface", "show", "-"]
    result = subprocess.run(command, input="std_srvs/srv/Empty\n", capture_output=True, text=True, check=True)
    assert result.stdout == "---\n"


def test_an_unread_pipe_is_no_error(ros_domain: int) -> None:
    command = f"{' '.join(ROS2)} interface list | head -1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("Messages:\n", "")
