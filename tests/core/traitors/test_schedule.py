import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mir2_core.errors import UserError
from mir2_core.traitors import ACTS, REPORTS
from mir2_core.traitors.schedule import FOREVER, FaultSchedule, FaultSpec, parse_faults

ROBOTS = ["robot_0", "robot_1", "robot_3"]


def test_launch_line():
    assert parse_faults("", ROBOTS) == []
    assert parse_faults("random@robot_0:5", ROBOTS) == [FaultSpec("random", "robot_0", 5.0)]
    assert parse_faults("stop@robot_1:0:2.5, flee@robot_3:1", ROBOTS) == [
        FaultSpec("stop", "robot_1", 0.0, 2.5),
        FaultSpec("flee", "robot_3", 1.0, FOREVER),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("randm@robot_0:5", ["randm", "random"]),
        ("random@robot_9:5", ["robot_9", "robot_0"]),
        ("random@robot_0:-5", ["-5", "0 to 86400"]),
        ("random@robot_0:5:-1", ["-1", "0 to 86400"]),
        ("random@robot_0:1e12", ["1e12", "0 to 86400"]),
        ("random@robot_0:nan", ["nan"]),
        ("random@robot_0:5:", ["kind@robot:start_s"]),
        ("lie-circle@robot_0:5", ["falsifies reports", "reverse"]),
        ("random@robot_0", ["kind@robot:start_s"]),
        ("random@robot_0:1,stop@robot_0:2", ["already has a fault"]),
    ],
)
def test_launch_line_mistakes_are_named(text, words):
    with pytest.raises(UserError) as error:
        parse_faults(text, ROBOTS)
    assert all(word in str(error.value) for word in words)


words = [*ACTS, *REPORTS, *ROBOTS, "@", ":", ",", "5", "2.5", "-1", "1e400", "nan", " ", "\n", "\u0663"]
near_misses = st.lists(st.sampled_from(words)).map("".join)
almost = st.tuples(*(st.sampled_from(words) for _ in range(4))).map(lambda parts: "{}@{}:{}:{}".format(*parts))


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
    items = [part.strip() for part in text.split(",") if part.strip()]
    specs, refusal = read(text)
    if refusal:
        assert any(f"fault '{item}': " in refusal for item in items)
    else:
        assert len(specs) == len(items) == len({spec.robot for spec in specs})
    for spec in specs:
        assert spec.kind in ACTS
        assert spec.robot in ROBOTS
        assert 0.0 <= spec.start_s < spec.end_s


def test_schedule_replaces_expires_and_clears():
    schedule = FaultSchedule()
    schedule.inject(FaultSpec("stop", "robot_0", 0.0, 1.0))
    schedule.inject(FaultSpec("flee", "robot_0", 0.0, 2.0))
    schedule.inject(FaultSpec("stop", "robot_1", 0.0))
    assert [spec.kind for spec in schedule] == ["flee", "stop"]
    assert [spec.robot for spec in schedule.expire(2.0)] == ["robot_0"]
    assert schedule.clear("robot_0") == []
    assert [spec.robot for spec in schedule.clear()] == ["robot_1"]
