"""What becomes of reports on links at fault."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_core.traitors import LINKS
from mir2_core.traitors.links import LOST_S, Links, UnderWay
from mir2_core.traitors.schedule import parse_faults

NAMES = [f"robot_{k}" for k in range(5)]
PERIOD_S = 0.1
robots = st.sampled_from(NAMES)
links = st.tuples(robots, robots).filter(lambda ends: ends[0] != ends[1])


def made(text, seed=0):
    return Links(parse_faults(text, NAMES), NAMES, seed=seed, period_s=PERIOD_S)


def late_s(text, sender, listener, *, step=0, seed=0, worlds=1):
    return made(text, seed).late_s(step * PERIOD_S, sender, listener, worlds)


@pytest.mark.parametrize("kind", LINKS)
@given(ends=links)
def test_without_parameters_the_links_of_the_robot_are_touched_and_no_others(kind, ends):
    faulty = made(f"{kind}@robot_3:0:2")
    assert faulty.touched(1.0, *ends) == ("robot_3" in ends)
    assert not faulty.touched(2.0, *ends), "the fault is over"
    assert faulty.late_s(2.0, *ends, worlds=3).tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("parameters", "touched"),
    [
        ("{way: out}", {("robot_1", "robot_0"), ("robot_1", "robot_2")}),
        ("{way: in}", {("robot_0", "robot_1"), ("robot_2", "robot_1")}),
        ("{allies: [robot_2]}", {("robot_1", "robot_2"), ("robot_2", "robot_1")}),
        ("{allies: [robot_0, robot_2], way: in}", {("robot_0", "robot_1"), ("robot_2", "robot_1")}),
    ],
)
def test_a_fault_may_touch_some_links_only(parameters, touched):
    faulty = made(f"loss:{parameters}@robot_1:0")
    found = {(a, b) for a in NAMES[:3] for b in NAMES[:3] if a != b and faulty.touched(0.0, a, b)}
    assert found == touched


@given(ends=links, group=st.sets(robots))
def test_a_partition_loses_what_crosses_it_both_ways_and_nothing_else(ends, group):
    side = {"robot_0", *group}
    late = late_s(f"partition:{{group: [{', '.join(sorted(group))}]}}@robot_0:0", *ends)
    assert late.tolist() == [LOST_S if len(side & set(ends)) == 1 else 0.0]


@given(ends=links, step=st.integers(0, 10**6), seed=st.integers(0, 2**31 - 1))
def test_what_is_lost_depends_on_seed_fault_link_and_step_alone(ends, step, seed):
    text, (sender, listener) = "loss:{share: 0.5}@robot_1:0,loss:{share: 0.5}@robot_2:0", ends
    many = late_s(text, sender, listener, step=step, seed=seed, worlds=8)
    np.testing.assert_array_equal(many, late_s(text, sender, listener, step=step, seed=seed, worlds=8))
    np.testing.assert_array_equal(many[:3], late_s(text, sender, listener, step=step, seed=seed, worlds=3))
    assert set(many.tolist()) <= {0.0, LOST_S}
    alone = [late_s(part, sender, listener, step=step, seed=seed, worlds=8) for part in text.split(",")]
    np.testing.assert_array_equal(many, np.maximum(*alone), err_msg="either fault loses it")


def test_draws_of_seeds_steps_links_and_faults_differ():
    def lost(text="loss:{share: 0.5}@robot_1:0", ends=("robot_1", "robot_2"), step=0, seed=0):
        return tuple(late_s(text, *ends, step=step, seed=seed, worlds=64))

    other = lost("loss:{share: 0.5}@robot_2:0")
    assert len({lost(), other, lost(ends=("robot_2", "robot_1")), lost(step=1), lost(seed=1)}) == 5


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_is_lost(share):
    lost = late_s(f"loss:{{share: {share}}}@robot_0:0", "robot_0", "robot_1", worlds=20000) == LOST_S
    assert lost.mean() == pytest.approx(share, abs=0.02)


def test_latencies_add_up():
    text = "latency:{s: 0.3}@robot_0:0,latency:{s: 0.2, way: in}@robot_1:0"
    assert late_s(text, "robot_0", "robot_1").tolist() == pytest.approx([0.5])
    assert late_s(text, "robot_1", "robot_0").tolist() == pytest.approx([0.3])


@given(st.lists(st.sampled_from([0.0, 0.1, 0.35, LOST_S]), max_size=30), st.integers(0, 30))
def test_reports_arrive_once_in_the_order_of_sending_and_all_when_the_link_is_whole(lateness, whole_at):
    under_way, came = UnderWay(), []
    for step, late in enumerate(lateness):
        under_way.send(step, step * PERIOD_S + late)
        arrived = under_way.arrived(step * PERIOD_S, whole=step == whole_at)
        assert all(step * PERIOD_S >= sent * PERIOD_S + lateness[sent] for sent in arrived) or step == whole_at
        came += arrived
        if step == whole_at:
            assert came == [sent for sent in range(step + 1) if lateness[sent] < LOST_S]
    came += under_way.arrived(0.0, whole=True)
    assert came == [sent for sent, late in enumerate(lateness) if late < LOST_S]
