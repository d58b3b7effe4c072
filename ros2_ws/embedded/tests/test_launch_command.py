"""`ros2 launch` beside what a real ROS 2 Jazzy printed, and how it ends what it started."""

import os
import pty
import re
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ros2_process import DATA, DEADLINE_S, ROS2, Running, is_running, pid_in, recorded, wait_until

HEADER = """
import os, signal
from launch import LaunchDescription
from launch.actions import *
from launch.conditions import *
from launch.event_handlers import *
from launch.events.process import *
from launch.launch_description_sources import *
from launch.substitutions import *

def generate_launch_description():
    return LaunchDescription(ENTITIES)
"""
Launch = Callable[..., Running]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Runs a launch file with these entities."""
    started = []

    def start(entities: str, *arguments: str, **env: str) -> Running:
        file = tmp_path / "test.launch.py"
        file.write_text(HEADER.replace("ENTITIES", f"[{entities}]"))
        settings = {"ROS_LOG_DIR": str(tmp_path / "log"), **env}
        started.append(Running([*ROS2, "launch", str(file), *arguments], settings))
        return started[-1]

    yield start
    for running in started:
        running.end()


def normalise(lines: list[str]) -> list[str]:
    """Blank out process ids and the log folder."""
    text = re.sub(r"pid \[?\d+\]?", "pid N", "\n".join(lines))
    return re.sub(r"below \S+", "below LOG", text).split("\n")


@pytest.mark.parametrize(("command", "output", "status"), list(recorded("ros2 launch")))
def test_prints_what_ros_2_prints(command: str, output: list[str], status: int, tmp_path: Path) -> None:
    arguments = command.replace("a.launch.py", str(DATA / "ros2_jazzy_cli.launch.py")).split()[1:]
    running = Running([*ROS2, *arguments], {"ROS_LOG_DIR": str(tmp_path)})
    assert running.wait() == status
    lines = normalise(running.lines)
    assert sorted(lines) == sorted(normalise(output))
    assert [x for x in lines if "[talker-1] " not in x] == [x for x in normalise(output) if "[talker-1] " not in x]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_children_and_grandchildren(launch: Launch, number: int) -> None:
    running = launch("""
        ExecuteProcess(cmd=['sh', '-c', 'trap "" INT TERM; sleep 1000 & echo grandchild $!; sleep 1000; sleep 1000'],
                       name='stubborn', output='screen', sigterm_timeout='0.2', sigkill_timeout='0.2'),
        ExecuteProcess(cmd=['sleep', '1000'], name='meek')""")
    grandchild = pid_in(running.wait_for("grandchild"))
    children = [pid_in(running.wait_for(f"[{name}]: process started")) for name in ("stubborn-1", "meek-2")]
    running.process.send_signal(number)
    assert running.wait() == 0
    assert not any(map(is_running, [grandchild, *children]))
    text = "\n".join(running.lines)
    assert "process[stubborn-1] failed to terminate '0.2' seconds after receiving 'SIGINT'" in text
    assert "process[stubborn-1] failed to terminate '0.4' seconds after receiving 'SIGTERM'" in text
    assert "[ERROR] [meek-2]: process has died [pid" in text
    assert "exit code -2, cmd 'sleep 1000']." in text


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_nothing_outlives_a_killed_launcher(launch: Launch, number: int) -> None:
    running = launch("""
        ExecuteProcess(cmd=['sh', '-c', 'sleep 1000 & echo grandchild $!; wait'], output='screen'),
        ExecuteProcess(cmd=['sleep', '1000'], name='meek')""")
    pids = [pid_in(running.wait_for("grandchild")), pid_in(running.wait_for("[meek-2]: process started"))]
    pids.append(pid_in(running.wait_for("[sh-1]: process started")))
    running.process.send_signal(number)
    wait_until(lambda: not any(map(is_running, pids)), lambda: f"still running: {pids}")


def test_a_killed_launchers_stubborn_child_is_killed(launch: Launch) -> None:
    running = launch("""ExecuteProcess(cmd=['sh', '-c', 'trap "" TERM; echo ready; sleep 1000; sleep 1000'],
                                       output='screen')""")
    running.wait_for("ready")
    child = pid_in(running.wait_for("process started"))
    running.process.kill()
    wait_until(lambda: not is_running(child), lambda: f"{child} still runs")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_script_takes_the_launch_inside_its_launch_along(number: int, tmp_path: Path) -> None:
    inner = tmp_path / "inner.launch.py"
    inner.write_text(
        HEADER.replace(
            "ENTITIES", "[ExecuteProcess(cmd=['sh', '-c', 'sleep 1000 & echo deep $!; wait'], output='screen')]"
        )
    )
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from launch import LaunchDescription, LaunchService\n"
        "from launch.actions import ExecuteProcess\n"
        "service = LaunchService(argv=sys.argv[1:])\n"
        f"inner = ExecuteProcess(cmd={[*ROS2, 'launch', str(inner)]}, output='screen')\n"
        "service.include_launch_description(LaunchDescription([inner]))\n"
        "sys.exit(service.run())\n"
    )
    running = Running([sys.executable, str(script), "argument:=value"], {"ROS_LOG_DIR": str(tmp_path / "log")})
    pids = [pid_in(running.wait_for("] deep")), pid_in(running.wait_for("process started"))]
    running.process.send_signal(number)
    wait_until(lambda: not any(map(is_running, pids)), lambda: f"still running: {pids}")
    assert running.wait() == (0 if number == signal.SIGTERM else -signal.SIGKILL)


def test_what_a_finished_process_leaves_behind_is_ended(launch: Launch) -> None:
    running = launch("ExecuteProcess(cmd=['sh', '-c', 'sleep 1000 & echo left $!'], output='screen')")
    assert running.wait() == 0
    assert not is_running(pid_in(running.wait_for("left")))


def test_an_exception_is_named_and_ends_the_children(launch: Launch) -> None:
    running = launch("""
        ExecuteProcess(cmd=['sleep', '1000']),
        RegisterEventHandler(OnProcessStart(on_start=[OpaqueFunction(function=lambda context: 1 / 0)]))""")
    assert running.wait() == 1
    running.wait_for("[ERROR] [launch]: Caught exception in launch (see debug for traceback): division by zero")
    assert not is_running(pid_in(running.wait_for("process started")))


def test_a_program_that_does_not_exist_is_an_error_message(launch: Launch) -> None:
    running = launch("ExecuteProcess(cmd=['/no/such/program'], respawn=True)")
    assert running.wait() == 0
    assert "[ERROR] [program-1]: exception occurred while executing process:" in running.lines
    assert "No such file or directory: '/no/such/program'" in running.lines[-1]


def test_output_goes_where_it_is_told_to(launch: Launch, tmp_path: Path) -> None:
    running = launch("""
        ExecuteProcess(cmd=['sh', '-c', 'echo o1; echo e1 >&2'], name='log'),
        ExecuteProcess(cmd=['sh', '-c', 'echo o2; echo e2 >&2'], name='both', output='both'),
        ExecuteProcess(cmd=['sh', '-c', 'echo o3; echo e3 >&2'], name='each',
                       output={'both': 'log', 'stdout': 'screen'}),
        GroupAction([SetLaunchConfiguration('to', 'screen'), ExecuteProcess(
            cmd=['printf', 'o4\\\\nrest'], name='screen', output=LaunchConfiguration('to'))])""")
    assert running.wait() == 0
    folder = tmp_path / "log" / "latest"
    log = (folder / "launch.log").read_text()
    shown = [line for line in running.lines if re.match(r"\[(log|both|each|screen)-\d\]", line)]
    assert set(shown) == {"[log-1] e1", "[both-2] o2", "[both-2] e2", "[each-3] o3", "[screen-4] o4", "[screen-4] rest"}
    texts = ("o1", "e1", "o2", "e2", "o3", "e3", "o4")
    assert [text for text in texts if f"] {text}\n" in log] == ["o1", "e1", "o2", "e2", "o3", "e3"]
    assert "[INFO] [launch]: All log files can be found below" in log


def test_respawn_runs_a_process_again(launch: Launch) -> None:
    running = launch("""ExecuteProcess(cmd=['sh', '-c', 'echo ran; exit 1'], output='screen', respawn=True,
                                       respawn_delay=0.01, respawn_max_retries=2)""")
    assert running.wait() == 0
    assert sum(line.endswith("ran") for line in running.lines) == 3


def test_ctrl_c_ends_a_respawning_process(launch: Launch) -> None:
    running = launch("ExecuteProcess(cmd=['sleep', '1000'], name='again', respawn='true', respawn_delay=1000.0)")
    os.kill(pid_in(running.wait_for("process started")), signal.SIGTERM)
    running.wait_for("process has died")
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 0
    assert sum("process started" in line for line in running.lines) == 1


def test_ctrl_c_at_a_terminal_reaches_a_process_once(launch: Launch, tmp_path: Path) -> None:
    file, program = tmp_path / "test.launch.py", tmp_path / "program.py"
    program.write_text(
        "import signal, time\n"
        "signal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    command = f"ExecuteProcess(cmd=['{sys.executable}', '{program}'], output='screen', sigterm_timeout='0.5')"
    file.write_text(HEADER.replace("ENTITIES", f"[{command}]"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [*ROS2, "launch", str(file)], {**os.environ, "ROS_LOG_DIR": str(tmp_path)})
    text = read_terminal(terminal, until=b"ready")
    os.write(terminal, b"\x03")
    text += read_terminal(terminal, until=b"exit code -15")
    assert text.count(b"] interrupted") == 1
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


def read_terminal(terminal: int, until: bytes) -> bytes:
    text = b""
    while until not in text:
        assert select.select([terminal], [], [], DEADLINE_S)[0], text
        text += os.read(terminal, 65536)
    return text


def test_a_required_process_shuts_the_system_down(launch: Launch) -> None:
    running = launch("""
        ExecuteProcess(cmd=['true'], name='needed', on_exit=[Shutdown(reason='gone')]),
        ExecuteProcess(cmd=['sleep', '1000'], name='other')""")
    assert running.wait() == 0
    running.wait_for("[INFO] [launch]: process[needed-1] was required: shutting down launched system")
    running.wait_for("[INFO] [other-2]: sending signal 'SIGINT' to process[other-2]")


def test_environment_working_folder_prefix_and_shell(launch: Launch, tmp_path: Path) -> None:
    running = launch(f"""
        SetEnvironmentVariable('COLOUR', 'red'),
        ExecuteProcess(cmd=['echo $COLOUR $MORE $PWD'], shell=True, output='screen', cwd='{tmp_path}',
                       additional_env={{'MORE': LaunchConfiguration('more', default='fish')}}),
        ExecuteProcess(cmd=['env'], env={{'ONLY': 'this'}}, name='bare', output='screen'),
        ExecuteProcess(cmd=['sh', '-c', 'test -t 1 && echo a terminal'], emulate_tty=True, output='screen'),
        ExecuteProcess(cmd=['hello'], prefix='echo prefixed', name='p', output='screen')""")
    assert running.wait() == 0
    running.wait_for(f"red fish {tmp_path}")
    assert [line for line in running.lines if line.startswith("[bare-2]") and "PWD" not in line] == [
        "[bare-2] ONLY=this"
    ]
    running.wait_for("[sh-3] a terminal")
    running.wait_for("[p-4] prefixed hello")


def test_a_signal_event_reaches_one_process(launch: Launch) -> None:
    running = launch("""
        ExecuteProcess(cmd=['sleep', '1000'], name='one'),
        RegisterEventHandler(OnProcessStart(on_start=[
            EmitEvent(event=SignalProcess(
                signal_number=signal.SIGTERM,
                process_matcher=lambda action: 'sleep' in action.process_details['cmd']))]))""")
    assert running.wait() == 0
    running.wait_for("[INFO] [one-1]: sending signal 'SIGTERM' to process[one-1]")
    running.wait_for("exit code -15")


def test_a_prefix_from_the_command_line_goes_before_the_programs_it_is_meant_for(launch: Launch) -> None:
    entities = (
        "ExecuteProcess(cmd=['echo', 'a'], output='screen'), ExecuteProcess(cmd=['printf', 'b'], output='screen')"
    )
    running = launch(entities, "--launch-prefix", "env -i echo with", "--launch-prefix-filter", "ec.*")
    assert running.wait() == 0
    assert {line for line in running.lines if "] " in line and "INFO" not in line} == {
        "[env-1] with echo a",
        "[printf-2] b",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nopkg", "x.launch.py"], "Package 'nopkg' not found"),
        (["rover", "no.launch.py"], "file 'no.launch.py' was not found in the share directory"),
    ],
)
def test_a_missing_launch_file_is_named(arguments: list[str], message: str) -> None:
    running = Running([*ROS2, "launch", *arguments])
    assert running.wait() == 1
    assert message in running.lines[-1]
    assert len(running.lines) == 1
