from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mir2_core.errors import UserError
from mir2_core.traitors import FAULTS
from mir2_core.traitors.links import Latency
from mir2_core.traitors.parameters import split_list
from mir2_core.traitors.schedule import FOREVER, FaultSchedule, FaultSpec, parse_faults
from mir2_swarm.convert import seconds, stamp

ROBOTS = ["robot_0", "robot_1", "robot_3"]


def test_launch_line():
    assert parse_faults("", ROBOTS) == []
    assert parse_faults("random@robot_0:5", ROBOTS) == [FaultSpec("random", "robot_0", 5.0)]
    assert parse_faults("stop@robot_1:0:2.5, flee@robot_3:1", ROBOTS) == [
        FaultSpec("stop", "robot_1", 0.0, 2.5),
        FaultSpec("flee", "robot_3", 1.0, FOREVER),
    ]


def test_parameters_stand_in_braces_after_the_kind():
    (spec,) = parse_faults("offset:{x_m: 0.5, y_m: -0.2}@robot_0:5:2", ROBOTS)
    assert spec == FaultSpec("offset", "robot_0", 5.0, 7.0, "{x_m: 0.5, y_m: -0.2}", on_commands=False, on_reports=True)
    assert (spec.traitor().x_m, spec.traitor().y_m) == (0.5, -0.2)
    assert parse_faults("offset{x_m: 0.5, y_m: -0.2}@robot_0:5:2", ROBOTS) == [spec]
    assert [spec.name for spec in parse_faults("delay:{s: 1}@robot_0:1,silence@robot_0:1", ROBOTS)] == [
        "delay:{s: 1}",
        "silence",
    ]


def test_one_fault_after_another_and_one_on_each_channel_are_no_contradiction():
    text = "stop@robot_0:1:2,flee@robot_0:3:2,nan@robot_0:0:4,silence@robot_0:4"
    assert [(spec.kind, spec.channel) for spec in parse_faults(text, ROBOTS)] == [
        ("stop", "commands"),
        ("flee", "commands"),
        ("nan", "reports"),
        ("silence", "reports"),
    ]


def test_links_may_have_a_fault_of_each_kind_beside_those_of_their_robot():
    text = "loss@robot_0:1,latency:{allies: [robot_1], way: out}@robot_0:1,stop@robot_0:1,nan@robot_0:1"
    specs = parse_faults(text, ROBOTS)
    assert [spec.channel for spec in specs] == ["links", "links", "commands", "reports"]
    assert [spec.makes_traitor for spec in specs] == [False, False, True, True]
    assert specs[1].link() == Latency(allies=("robot_1",), way="out")


def test_a_trained_adversary_changes_commands_and_reports_and_may_be_written_short():
    (spec,) = parse_faults("adversary(zoo:mir2_allies-3-liar-0)@robot_0:2", ROBOTS)
    assert parse_faults("adversary:{bundle: zoo:mir2_allies-3-liar-0}@robot_0:2", ROBOTS) == [spec]
    assert (spec.kind, spec.bundle, spec.channel) == ("adversary", "zoo:mir2_allies-3-liar-0", "commands and reports")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adversary@robot_0:5", ["needs a bundle", "adversary(zoo:NAME)"]),
        ("adversary(a.onnx)@robot_0:5,offset@robot_0:7", ["already has a fault on its commands and reports"]),
        ("offset(0.5)@robot_0:5", ["unknown fault 'offset(0.5)'"]),
        ("loss:{share: 1.5}@robot_0:5", ["share is 1.5", "a number from 0 to 1"]),
        ("loss:{way: up}@robot_0:5", ["way is 'up'", "both, out, in"]),
        ("loss:{allies: robot_1}@robot_0:5", ["allies is 'robot_1'", "a list of robots"]),
        ("loss:{allies: [robot_7]}@robot_0:5", ["unknown robot 'robot_7' in the parameters", "robot_1"]),
        ("partition:{group: [robt_1]}@robot_0:5", ["'robt_1'", "did you mean 'robot_1'"]),
        ("partition@robot_0:1:9,partition@robot_0:5", ["already has a fault on its links", "partition"]),
        ("randm@robot_0:5", ["randm", "random"]),
        ("random@robot_9:5", ["robot_9", "robot_0"]),
        ("random@robot_0:-5", ["-5", "0 to 86400"]),
        ("random@robot_0:5:-1", ["-1", "0 to 86400"]),
        ("random@robot_0:1e12", ["1e12", "0 to 86400"]),
        ("random@robot_0:nan", ["nan"]),
        ("random@robot_0:5:", ["kind@robot:start_s"]),
        ("offset:{x_m: 20}@robot_0:5", ["'offset'", "x_m is 20", "from -10 to 10"]),
        ("flood:{copies: 2.5}@robot_0:5", ["copies is 2.5", "a whole number from 1 to 1000"]),
        ("offset:{x: 1}@robot_0:5", ["unknown key 'x'", "x_m"]),
        ("offset:{x_m}@robot_0:5", ["x_m is None"]),
        ("offset:{x_m: 1, x_m: 2}@robot_0:5", ["is no YAML"]),
        ("stop:{s: 1}@robot_0:5", ["'stop' has no parameters"]),
        ("offset:{x_m: 1@robot_0:5", ["kind@robot:start_s"]),
        ("silence@robot_0:1,nan@robot_0:2", ["on its reports", "silence"]),
        ("random@robot_0", ["kind@robot:start_s"]),
        ("random@robot_0:1,stop@robot_0:2", ["already has a fault on its commands", "random"]),
    ],
)
def test_launch_line_mistakes_are_named(text, words):
    with pytest.raises(UserError) as error:
        parse_faults(text, ROBOTS)
    assert all(word in str(error.value) for word in words)


words = [
    *FAULTS,
    *ROBOTS,
    "@",
    "{",
    "}",
    "{s: 1}",
    "(x)",
    ":",
    ",",
    "5",
    "2.5",
    "-1",
    "1e400",
    "nan",
    " ",
    "\n",
    "\u0663",
]
near_misses = st.lists(st.sampled_from(words)).map("".join)
almost = st.tuples(*(st.sampled_from(words) for _ in range(4))).map(lambda parts: "{}@{}:{}:{}".format(*parts))


@given(st.sampled_from(sorted(FAULTS)), st.floats(0, 100), st.none() | st.floats(0.001, 100))
def test_a_fault_written_down_is_read_as_it_was(kind, start_s, duration_s):
    kind = "adversary(x.onnx)" if kind == "adversary" else kind
    text = f"{kind}@robot_1:{start_s:.9f}" + ("" if duration_s is None else f":{duration_s:.9f}")
    (spec,) = parse_faults(text, ROBOTS)
    (again,) = parse_faults(spec.text, ROBOTS)
    assert replace(again, start_s=0.0, end_s=0.0) == replace(spec, start_s=0.0, end_s=0.0)
    assert (again.start_s, again.end_s) == pytest.approx((spec.start_s, spec.end_s), abs=1e-8)


def read(text):
    """The faults of a launch line, or why it is refused; anything but a `UserError` fails the test."""
    try:
        return parse_faults(text, ROBOTS), ""
    except UserError as error:
        return [], str(error)


@given(st.text() | near_misses | almost)
@example("random@robot_0:5:2")
@example("stop@robot_1:1,flee@robot_3:2")
def test_a_launch_line_is_read_or_refused_by_name(text):
    items = split_list(text)
    specs, refusal = read(text)
    if refusal:
        assert any(f"fault '{item}': " in refusal for item in items)
    else:
        assert len(specs) == len(items)
    for spec in specs:
        assert spec.kind in FAULTS
        assert not any(spec.contradicts(other) for other in specs if other is not spec)
        assert spec.robot in ROBOTS
        assert 0.0 <= spec.start_s < spec.end_s


def test_schedule_refuses_contradictions_expires_and_clears():
    schedule = FaultSchedule()
    schedule.inject(FaultSpec("stop", "robot_0", 0.0, 1.0))
    with pytest.raises(UserError, match="'robot_0' already has a fault on its commands at that time: stop"):
        schedule.inject(FaultSpec("flee", "robot_0", 0.5, 2.0))
    schedule.inject(FaultSpec("flee", "robot_0", 1.0, 2.0))
    schedule.inject(FaultSpec("nan", "robot_0", 0.0, on_commands=False, on_reports=True))
    schedule.inject(FaultSpec("stop", "robot_1", 0.0))
    assert [spec.kind for spec in schedule.expire(1.0)] == ["stop"]
    assert [spec.kind for spec in schedule.clear("robot_0", "nan")] == ["nan"]
    assert [spec.kind for spec in schedule.clear("robot_0")] == ["flee"]
    assert schedule.clear("robot_0") == []
    assert [spec.robot for spec in schedule.clear()] == ["robot_1"]


def test_a_time_is_the_same_however_it_was_reckoned():
    reckoned = FaultSchedule().inject(FaultSpec("stop", "robot_0", 0.1 + 0.2, 1.1 + 2.2))
    told = FaultSpec("stop", "robot_0", seconds(stamp(0.3)), seconds(stamp(3.3)))
    assert reckoned == FaultSchedule().inject(FaultSpec("stop", "robot_0", 0.3, 3.3)) == told


def test_faults_keep_their_time_by_a_clock_that_is_set():
    schedule = FaultSchedule()
    stop = schedule.inject(FaultSpec("stop", "robot_0", 5.0, 8.0))
    flee = schedule.inject(FaultSpec("flee", "robot_1", 6.0))
    moved = schedule.clock_set(3600.0)
    assert [moved[stop], moved[flee]] == list(schedule)
    assert [(spec.start_s, spec.end_s) for spec in schedule] == [(3605.0, 3608.0), (3606.0, FOREVER)]
