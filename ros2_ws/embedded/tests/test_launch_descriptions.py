"""Launch descriptions run in this process: arguments, substitutions, conditions, scopes, includes, timers, events."""

import asyncio
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import launch.logging
import pytest
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    GroupAction,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueCoroutine,
    OpaqueFunction,
    PopLaunchConfigurations,
    PushLaunchConfigurations,
    RegisterEventHandler,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    Shutdown,
    TimerAction,
    UnregisterEventHandler,
    UnsetEnvironmentVariable,
)
from launch.conditions import (
    IfCondition,
    InvalidConditionExpressionError,
    LaunchConfigurationEquals,
    LaunchConfigurationNotEquals,
    UnlessCondition,
)
from launch.event import Event
from launch.event_handlers import EventHandler, OnExecutionComplete, OnProcessExit, OnProcessStart, OnShutdown
from launch.events import Shutdown as ShutdownEvent
from launch.events import matches_action
from launch.events.process import ShutdownProcess
from launch.launch_description_sources import (
    AnyLaunchDescriptionSource,
    InvalidLaunchFileError,
    InvalidPythonLaunchFileError,
    PythonLaunchDescriptionSource,
)
from launch.substitutions import (
    AllSubstitution,
    AndSubstitution,
    AnySubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FileContent,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    LocalSubstitution,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    SubstitutionFailure,
    TextSubstitution,
    ThisLaunchFileDir,
)
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from launch import LaunchContext, LaunchDescription, LaunchService


@pytest.fixture(autouse=True)
def log_below_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setattr(launch.logging, "launch_config", launch.logging.LaunchConfig())


class Notes(list[str]):
    """Collects texts while a launch description runs."""

    def note(self, *what: Any, **kwargs: Any) -> OpaqueFunction:
        def append(context: LaunchContext) -> None:
            self.append(perform_substitutions(context, normalize_to_list_of_substitutions(what)))

        return OpaqueFunction(function=append, **kwargs)


def run(entities: Iterable[Any]) -> int:
    service = LaunchService(noninteractive=True)
    service.include_launch_description(LaunchDescription(entities))
    return service.run()


@pytest.fixture
def notes() -> Notes:
    return Notes()


ONE = LaunchConfiguration("one")


@pytest.mark.parametrize(
    ("substitution", "text"),
    [
        (TextSubstitution(text="a"), "a"),
        (LaunchConfiguration("one"), "1"),
        (LaunchConfiguration("none", default=["x", ONE]), "x1"),
        (LaunchConfiguration("none", default=3.5), "3.5"),
        (EnvironmentVariable("FISH"), "cod"),
        (EnvironmentVariable("NO_FISH", default_value="eel"), "eel"),
        (PathJoinSubstitution(["/a", ONE, "b.yaml"]), "/a/1/b.yaml"),
        (PythonExpression([ONE, " + cos(0)"]), "2.0"),
        (PythonExpression(["'", ONE, "' == '1' and 'yes' or 'no'"]), "yes"),
        (PythonExpression("os.sep", ["os"]), "/"),
        (Command(["echo ", ONE]), "1\n"),
        (Command("sh -c 'echo bad >&2'", on_stderr="capture"), "bad\n"),
        (EqualsSubstitution(ONE, "true"), "true"),
        (EqualsSubstitution(ONE, 1.0), "true"),
        (EqualsSubstitution(ONE, "one"), "false"),
        (NotEqualsSubstitution(ONE, "one"), "true"),
        (AndSubstitution(ONE, "false"), "false"),
        (OrSubstitution(ONE, "false"), "true"),
        (NotSubstitution(ONE), "false"),
        (IfElseSubstitution(ONE, "yes", "no"), "yes"),
        (IfElseSubstitution(NotSubstitution(ONE), if_value="yes"), ""),
        (AnySubstitution("false", ONE, "off"), "true"),
        (AllSubstitution("yes", ONE, "off"), "false"),
        (EqualsSubstitution(None, ""), "true"),
        (EqualsSubstitution(["a", ONE], "a1"), "true"),
        (EqualsSubstitution(["a", "b"], "ab"), "false"),
    ],
)
def test_substitution(substitution: Any, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISH", "cod")
    context = LaunchContext()
    context.launch_configurations["one"] = "1"
    assert context.perform_substitution(substitution) == text


@pytest.mark.parametrize(
    "substitution",
    [
        LaunchConfiguration("none"),
        EnvironmentVariable("NO_FISH"),
        FindExecutable(name="no such program"),
        Command("false"),
        Command("sh -c 'echo bad >&2'"),
        FileContent("/no/such/file"),
        NotSubstitution("perhaps"),
        ThisLaunchFileDir(),
    ],
)
def test_substitution_without_a_text(substitution: Any) -> None:
    with pytest.raises(SubstitutionFailure):
        substitution.perform(LaunchContext())


def test_substitutions_that_cannot_be_read() -> None:
    with pytest.raises(AttributeError, match=r"does not contain attribute 'event', it contains: \[\]"):
        LocalSubstitution("event.reason").perform(LaunchContext())
    with pytest.raises(TypeError, match=r"Failed to normalize given item of type '<class 'list'>'"):
        PathJoinSubstitution(["a", ["b", "c"]])  # type: ignore[list-item]
    with pytest.raises(RuntimeError, match="One of if_value and else_value must be specified"):
        IfElseSubstitution("true")


@pytest.mark.parametrize(
    ("substitution", "text"),
    [
        (LaunchConfiguration(["o", "ne"], default="1"), "LaunchConfig('o' + 'ne')"),
        (EnvironmentVariable("FISH"), "EnvVar('FISH')"),
        (PathJoinSubstitution([ThisLaunchFileDir(), "a"]), "PathJoin('ThisLaunchFileDir() + 'a'')"),
        (PythonExpression([ONE, "+1"]), "PythonExpr(LaunchConfig('one') + '+1', ['math'])"),
        (Command(["xacro ", ONE]), "Command('xacro ' + LaunchConfig('one'))"),
    ],
)
def test_descriptions_of_substitutions(substitution: Any, text: str) -> None:
    assert substitution.describe() == text


def test_what_is_not_supported_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"sources.FrontendLaunchDescriptionSource is not part of the"):
        from launch.launch_description_sources import FrontendLaunchDescriptionSource  # noqa: F401
    with pytest.raises(ImportError, match="NoSuchAction"):
        from launch.actions import NoSuchAction  # noqa: F401


def test_find_executable() -> None:
    assert os.access(FindExecutable(name="sh").perform(LaunchContext()), os.X_OK)


@pytest.mark.filterwarnings("ignore:The .LaunchConfigurationEquals. and:UserWarning")
def test_conditions(notes: Notes) -> None:
    cases = {
        "if true": IfCondition("true"),
        "if 1": IfCondition(["1"]),
        "if False": IfCondition("False"),
        "unless true": UnlessCondition("true"),
        "unless 0": UnlessCondition("0"),
        "equal": LaunchConfigurationEquals("a", "b"),
        "unequal": LaunchConfigurationNotEquals("a", "b"),
        "unset": LaunchConfigurationEquals("z", None),
    }
    assert run([SetLaunchConfiguration("a", "b"), *(notes.note(name, condition=c) for name, c in cases.items())]) == 0
    assert notes == ["if true", "if 1", "unless 0", "equal", "unset"]
    with pytest.raises(InvalidConditionExpressionError, match="maybe"):
        IfCondition("maybe").evaluate(LaunchContext())


def test_group_scopes_configurations_and_environment(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "outside")
    seen = [LaunchConfiguration("a", default="-"), LaunchConfiguration("b", default="-"), EnvironmentVariable("PLACE")]
    inside = [SetLaunchConfiguration("a", "2"), SetEnvironmentVariable("PLACE", "inside"), notes.note(*seen)]
    entities = [
        GroupAction([*inside]),
        notes.note(*seen),
        SetLaunchConfiguration("a", "1"),
        GroupAction([*inside], launch_configurations={"b": "3"}),
        notes.note(*seen),
        SetEnvironmentVariable("PLACE", "changed"),
        GroupAction([notes.note(*seen)], forwarding=False, launch_configurations={"b": LaunchConfiguration("a")}),
        notes.note(*seen),
        GroupAction([*inside], scoped=False),
        notes.note(*seen),
        AppendEnvironmentVariable("PLACE", "more"),
        AppendEnvironmentVariable("PLACE", "less", prepend=True, separator="+"),
        notes.note(*seen),
        UnsetEnvironmentVariable("PLACE"),
        PushLaunchConfigurations(),
        SetLaunchConfiguration("b", "5"),
        notes.note(LaunchConfiguration("b"), EnvironmentVariable("PLACE", default_value="gone")),
        PopLaunchConfigurations(),
        notes.note(LaunchConfiguration("b", default="no b")),
    ]
    assert run(entities) == 0
    assert notes[:6] == ["2-inside", "--outside", "23inside", "1-outside", "-1outside", "1-changed"]
    assert notes[6:] == ["2-inside", "2-inside", "2-less+inside:more", "5gone", "no b"]


def test_included_file_gets_arguments_and_knows_its_place(notes: Notes, tmp_path: Path) -> None:
    inner = tmp_path / "inner.launch.py"
    inner.write_text(
        "from launch import LaunchDescription\n"
        "from launch.actions import *\n"
        "from launch.substitutions import *\n"
        "def generate_launch_description():\n"
        "    return LaunchDescription([\n"
        "        DeclareLaunchArgument('who'), DeclareLaunchArgument('what', default_value='x'),\n"
        "        SetLaunchConfiguration('said', [ThisLaunchFileDir(), ThisLaunchFile(),\n"
        "            LaunchConfiguration('who'), LaunchConfiguration('what')])])\n"
    )
    source = PythonLaunchDescriptionSource([str(tmp_path), "/inner.launch.py"])
    include = IncludeLaunchDescription(source, launch_arguments={"who": ["m", "e"]}.items())
    assert run([include, notes.note(LaunchConfiguration("said"))]) == 0
    assert notes == [f"{tmp_path}{inner}mex"]
    names = [argument.name for argument in LaunchDescription([include]).get_launch_arguments()]
    assert names == ["who", "what"]
    assert run([IncludeLaunchDescription(str(inner))]) == 1


def test_files_that_are_no_launch_files(tmp_path: Path) -> None:
    (tmp_path / "empty.launch.py").write_text("")
    (tmp_path / "other.launch.xml").write_text("<launch/>")
    with pytest.raises(InvalidPythonLaunchFileError, match=r"empty.launch.py' does not contain the required function"):
        PythonLaunchDescriptionSource(str(tmp_path / "empty.launch.py")).get_launch_description(LaunchContext())
    for name, reason in (("empty.launch.py", "InvalidPython.*"), ("other.launch.xml", "NotImplemented.* format xml")):
        with pytest.raises(InvalidLaunchFileError, match=f"(?s)Caught exception when trying to load .* - {reason}"):
            AnyLaunchDescriptionSource(str(tmp_path / name)).get_launch_description(LaunchContext())


def test_arguments_that_depend_on_something_are_not_required_from_the_start() -> None:
    when_done = OnShutdown(on_shutdown=[DeclareLaunchArgument("event")])
    description = LaunchDescription(
        [
            DeclareLaunchArgument("always"),
            DeclareLaunchArgument("condition", condition=IfCondition("true")),
            GroupAction([DeclareLaunchArgument("group")], condition=IfCondition("true")),
            GroupAction([DeclareLaunchArgument("unconditional group")]),
            TimerAction(period=1.0, actions=[DeclareLaunchArgument("timer")]),
            RegisterEventHandler(when_done),
        ]
    )
    found = description.find_launch_arguments()
    assert [argument.name for argument, _, depends in found if not depends] == ["always", "unconditional group"]
    assert [argument.name for argument, _, depends in found if depends] == ["condition", "group", "timer", "event"]


def test_declared_arguments() -> None:
    assert DeclareLaunchArgument("a").description == "no description given"
    assert DeclareLaunchArgument("a", choices=["b"]).description == "One of: ['b']"
    assert DeclareLaunchArgument("a", description="D", choices=["b"]).description == "D. Valid choices are: ['b']"
    with pytest.raises(RuntimeError, match='"c" is not in provided choices'):
        DeclareLaunchArgument("a", default_value="c", choices=["b"])
    assert run([DeclareLaunchArgument("needed")]) == 1


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (lambda: LogInfo(msg=["a", 1]), "Failed to normalize given item of type '<class 'int'>'"),
        (lambda: LogInfo(msg=1.5), "Failed to normalize given item of type '<class 'float'>'"),
        (lambda: TimerAction(period="soon", actions=[]), "'soon'"),
        (lambda: TimerAction(period=1, actions=[]), "'TimerAction' expected 'period' to be one of"),
        (lambda: ExecuteProcess(cmd=["true"], output="paper"), "paper is not a valid standard output config"),
        (lambda: ExecuteProcess(cmd=["true"], output={"both": "paper"}), "paper is not a valid output destination"),
        (lambda: ExecuteProcess(cmd=["true"], respawn="often"), "Cannot convert value 'often' to '<class 'bool'>'"),
        (lambda: OnProcessExit(target_action="a", on_exit=[]), "action_matcher must be an 'ExecuteProcess' instance"),
        (lambda: OnProcessExit(on_exit=["end"]), "expected all items in 'on_event' iterable to be of type"),
        (lambda: EmitEvent(event="a"), "EmitEvent() expected an event instance, got 'a'."),
        (lambda: OpaqueFunction(function="a"), "OpaqueFunction expected a callable for 'function', got"),
        (PopLaunchConfigurations, "launch_configurations stack unexpectedly empty"),
    ],
)
def test_mistakes_are_named(entity: Callable[[], Any], message: str) -> None:
    assert run([OpaqueFunction(function=lambda context: [entity()])]) == 1
    assert message in (Path(launch.logging.launch_config.log_dir) / "launch.log").read_text()


def test_timers_fire_in_order_of_time_unless_shut_down_before(notes: Notes) -> None:
    cancelled, running = (TimerAction(period=period_s, actions=[notes.note("cancelled")]) for period_s in (0.0, 1000.0))
    cancelled.cancel()
    entities = [
        cancelled,
        running,
        OpaqueFunction(function=lambda context: running.cancel()),
        TimerAction(period=0.2, actions=[notes.note("after the end")], cancel_on_shutdown=False),
        TimerAction(period=1000.0, actions=[notes.note("never")]),
        TimerAction(period=TextSubstitution(text="0.1"), actions=[notes.note("second"), Shutdown()]),
        TimerAction(period=0.01, actions=[notes.note("first")]),
    ]
    assert run(entities) == 0
    assert notes == ["first", "second", "after the end"]


def test_event_handlers(notes: Notes) -> None:
    class Bell(Event):
        name = "bell"

    def on_bell(text: str, **kwargs: Any) -> EventHandler:
        return EventHandler(matcher=lambda event: isinstance(event, Bell), entities=notes.note(text), **kwargs)

    hello = LogInfo(msg="hello")
    entities = [
        *map(RegisterEventHandler, (on_bell("always"), on_bell("once", handle_once=True))),
        RegisterEventHandler(
            OnExecutionComplete(target_action=hello, on_completion=[notes.note("completed")], handle_once=True)
        ),
        RegisterEventHandler(OnShutdown(on_shutdown=[notes.note("ended: ", LocalSubstitution("event.reason"))])),
        EmitEvent(event=Bell()),
        EmitEvent(event=Bell()),
        hello,
        hello,
        TimerAction(period=0.05, actions=[Shutdown(reason="enough")]),
    ]
    assert run(entities) == 0
    assert notes == ["once", "always", "always", "completed", "ended: enough"]


def test_a_shutdown_event_ends_one_process(notes: Notes) -> None:
    sleep, other = (ExecuteProcess(cmd=["sleep", "1000"], on_exit=notes.note(name)) for name in ("sleep", "other"))
    end_sleep = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(sleep)))
    entities = [
        other,
        RegisterEventHandler(OnProcessStart(target_action=sleep, on_start=[end_sleep])),
        sleep,
        RegisterEventHandler(OnProcessExit(target_action=sleep, on_exit=[notes.note("then "), Shutdown()])),
    ]
    assert run(entities) == 0
    assert sorted(notes[:2]) == ["sleep", "then "]
    assert notes[2:] == ["other"]


def test_a_process_tells_what_it_ran_with() -> None:
    process = ExecuteProcess(cmd=["sh", "-c", "exit 3"], name="p", cwd="/")
    assert run([process]) == 0
    assert (process.cmd, process.cwd, process.return_code) == (["sh", "-c", "exit 3"], "/", 3)
    assert re.fullmatch(r"p-\d+", str(process.name))
    assert process.process_details["name"] == process.process_description.final_name == process.name


def test_a_coroutine_runs_beside_the_rest_and_can_end_it(notes: Notes) -> None:
    async def end_soon(context: LaunchContext, reason: str) -> None:
        await asyncio.sleep(0.05)
        await context.emit_event(ShutdownEvent(reason=reason))

    async def never_end() -> None:
        await asyncio.sleep(1000.0)

    entities = [
        OpaqueCoroutine(coroutine=never_end, ignore_context=True),
        OpaqueCoroutine(coroutine=end_soon, args=["enough"]),
        RegisterEventHandler(OnShutdown(on_shutdown=[notes.note(LocalSubstitution("event.reason"))])),
    ]
    assert run(entities) == 0
    assert notes == ["enough"]
    with pytest.raises(TypeError, match="OpaqueCoroutine expected a coroutine function for 'coroutine', got"):
        OpaqueCoroutine(coroutine=print)  # type: ignore[arg-type]


def test_event_handlers_can_be_unregistered(notes: Notes) -> None:
    on_shutdown = OnShutdown(on_shutdown=[notes.note("unheard")])
    assert run([RegisterEventHandler(on_shutdown), UnregisterEventHandler(on_shutdown)]) == 0
    assert notes == []


def test_the_module_of_each_name_is_that_of_ros_2() -> None:
    from launch.actions.opaque_function import OpaqueFunction as Same
    from launch.event_handlers.on_process_io import OnProcessIO  # noqa: F401
    from launch_ros.actions.node import Node  # noqa: F401

    assert Same is OpaqueFunction


def test_opaque_function_returns_entities(notes: Notes) -> None:
    def make(context: LaunchContext, prefix: str, suffix: str) -> list[OpaqueFunction]:
        return [notes.note(prefix, suffix)]

    assert run([OpaqueFunction(function=make, args=["a"], kwargs={"suffix": "b"})]) == 0
    assert notes == ["ab"]


def test_shutdown_from_another_thread() -> None:
    from threading import Thread

    service = LaunchService()
    thread = Thread(target=service.shutdown)
    start = OpaqueFunction(function=lambda context: thread.start())
    service.include_launch_description(LaunchDescription([start]))
    assert service.run(shutdown_when_idle=False) == 0
    thread.join()
