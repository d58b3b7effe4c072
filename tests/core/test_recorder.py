import math

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.gate import Reason
from mir2_core.recorder import Recorder, pair_distances, rendezvous_distance_m, summary
from mir2_core.rollout import rollout
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.types import Command, RobotState

NAMES = [f"robot_{k}" for k in range(10)]


@pytest.fixture
def episode(make_bundle):
    task = Rendezvous(RendezvousParams())
    start = task.reset(np.random.default_rng(4))[0]
    return task, rollout(task, PolicyBundle.load(make_bundle()), start, 200)


def report(recorder, task, poses, actions, k, robots=NAMES, reasons=()):
    """What robots say at time k and their gates in answer."""
    stamp_s = recorder.run_start_s + 0.1 * k
    for name in robots:
        row = NAMES.index(name)
        recorder.odometry(name, RobotState(stamp_s, *poses[k, row]))
        if k < len(actions):
            v, omega = task.action_to_twist(actions[k, row])
            recorder.gate(name, stamp_s, Command(stamp_s + 0.012, float(v), float(omega)), reasons)


@pytest.mark.parametrize("run_start_s", [0.0, 1.7e9])
def test_rewards_equal_the_rollout(episode, run_start_s):
    task, truth = episode
    recorder = Recorder(task, NAMES, run_start_s, patient=False)
    for k in range(201):
        report(recorder, task, truth.poses, truth.actions, k)
        recorder.advance(lambda _: ())
    assert [step.step for step in recorder.steps] == list(range(1, 201))
    np.testing.assert_allclose([step.reward for step in recorder.steps], truth.rewards, atol=1e-9)
    figures = summary(recorder)
    assert figures["episode_return"] == pytest.approx(truth.rewards.sum())
    assert figures["reaction_ms_p50"] == pytest.approx(12.0, abs=1e-3)
    assert figures["missing_reports"] == 0


def test_a_patient_recorder_waits_and_an_impatient_one_goes_on(episode):
    task, truth = episode
    patient = Recorder(task, NAMES, 0.0, patient=True)
    hasty = Recorder(task, NAMES, 0.0, patient=False)
    for recorder in (patient, hasty):
        for k in range(20):
            report(recorder, task, truth.poses, truth.actions, k, NAMES if k < 5 else NAMES[:-1])
            recorder.advance(lambda _: ())
    assert patient.steps[-1].step == 4
    assert hasty.steps[-1].step >= 14
    assert hasty.missing_reports > 0


def test_a_deadline_is_missed_by_what_comes_late_or_never_or_only_from_the_gate_itself(episode):
    task, truth = episode
    recorder = Recorder(task, NAMES, 0.0, patient=False)
    late = {3: Command(0.301 + 0.1, 0.0, 0.0), 4: None, 5: Command(0.5, 0.0, 0.0), 6: Command(0.699, 0.0, 0.0)}
    for k in range(20):
        report(recorder, task, truth.poses, truth.actions, k, NAMES[:-1] if k in late else NAMES)
        if k in late:
            recorder.odometry(NAMES[-1], RobotState(0.1 * k, *truth.poses[k, -1]))
            if command := late[k]:
                for _ in range(k):
                    recorder.gate(NAMES[-1], 0.1 * k, command, {"command_age"} if k == 5 else (), [0.02, 0.01 * k])
        recorder.advance(lambda _: ())
    figures = summary(recorder)
    assert figures["steps"] == 19
    assert figures["missed_deadlines"] == 3, "at 0.6 s the command came in time"
    assert sorted(recorder.ally_ages_s) == pytest.approx([0.02, 0.02, 0.02, 0.03, 0.05, 0.06]), "each once"
    assert figures["ally_age_ms_p50"] == pytest.approx(25.0)


def test_a_robot_whose_first_report_is_lost_counts_as_missing_and_the_run_begins(episode):
    task, truth = episode
    recorder = Recorder(task, NAMES, 0.0, patient=False)
    for k in range(20):
        report(recorder, task, truth.poses, truth.actions, k, NAMES if k else NAMES[:-1])
        recorder.advance(lambda _: ())
    assert recorder.steps[-1].step == 19
    assert recorder.missing_reports == 2, "its odometry and what its gate let through"
    np.testing.assert_array_equal(recorder.start_poses[:-1], truth.poses[0, :-1])
    np.testing.assert_array_equal(recorder.start_poses[-1], truth.poses[1, -1])


def test_a_robot_that_never_says_where_it_is_stands_where_it_began_and_the_run_goes_on(episode):
    task, truth = episode
    silent = Recorder(task, NAMES, 0.0, patient=False)
    placed = Recorder(task, NAMES, 0.0, patient=False, places=truth.poses[0])
    for k in range(20):
        for recorder in (silent, placed):
            report(recorder, task, truth.poses, truth.actions, k, NAMES[:-1])
            recorder.advance(lambda _: ())
    assert silent.steps == []
    assert placed.steps[-1].step >= 14
    np.testing.assert_array_equal(placed.steps[-1].poses[-1], truth.poses[0, -1])
    assert np.isfinite(placed.steps[-1].reward)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_place_counts_as_missing_and_the_return_stays_a_number(episode, bad):
    task, truth = episode
    recorder = Recorder(task, NAMES, 0.0, patient=False)
    for k in range(30):
        report(recorder, task, truth.poses, truth.actions, k, NAMES[1:] if 10 <= k < 15 else NAMES)
        if 10 <= k < 15:
            recorder.odometry("robot_0", RobotState(0.1 * k, bad, 1.0, 0.0))
            recorder.gate("robot_0", 0.1 * k, Command(0.1 * k, bad, 0.0), ())
        recorder.advance(lambda _: ())
    assert recorder.steps[-1].step >= 24
    assert math.isfinite(recorder.steps[-1].cumulative_reward)
    assert recorder.missing_reports == 10


def test_benign_robots_are_those_that_are_no_traitors(episode):
    task, truth = episode
    recorder = Recorder(task, NAMES, 0.0, patient=True)
    for k in range(51):
        report(recorder, task, truth.poses, truth.actions, k, reasons=("speed",))
        recorder.advance(lambda t: {"robot_0"} if t > 2.0 else ())
    last = recorder.steps[-1]
    assert last.traitors == ("robot_0",)
    assert recorder.steps[10].traitors == ()
    assert last.benign_mean_distance_m == pytest.approx(pair_distances(truth.poses[50, 1:])[0])
    assert summary(recorder)["gate_interventions"]["robot_0"]["speed"] == 51


@pytest.mark.parametrize("run_start_s", [0.0, 1.7e9])
def test_a_robot_is_a_traitor_in_a_step_if_its_fault_was_active_while_it_passed(episode, run_start_s):
    task, truth = episode
    recorder = Recorder(task, NAMES, run_start_s, patient=True)
    begin_s, end_s = run_start_s + 1.0, run_start_s + 1.5  # the steps from 1.0 to 1.5 s are those that end from 1.1 on
    for k in range(31):
        report(recorder, task, truth.poses, truth.actions, k)
        recorder.advance(lambda t: {"robot_3"} if begin_s <= t < end_s else ())
    assert [step.step for step in recorder.steps if step.traitors] == [11, 12, 13, 14, 15]


def test_a_step_counts_once_however_often_its_gate_reports(episode):
    task, truth = episode
    recorder = Recorder(task, NAMES, 0.0, patient=True)
    for k in (0, 0, 0, 1):
        report(recorder, task, truth.poses, truth.actions, k, reasons=("speed",))
    assert recorder.interventions["robot_0"] == {"speed": 2}


def test_a_packed_team_of_bodies_counts_as_met():
    assert rendezvous_distance_m(10, 0.0) == pytest.approx(0.10)
    assert rendezvous_distance_m(7, 0.08) == pytest.approx(0.10 + 2 * 0.08)
    assert rendezvous_distance_m(19, 0.08) == pytest.approx(0.10 + 4 * 0.08)


def test_distances_of_fewer_than_two_robots_are_unknown():
    assert all(map(math.isnan, pair_distances(np.zeros((1, 3)))))


def test_a_gate_that_had_no_command_to_answer_reacted_to_nothing(episode):
    task, truth = episode
    recorder = Recorder(task, NAMES, 0.0, patient=False)
    for k in range(20):
        report(recorder, task, truth.poses, truth.actions, k)
        recorder.gate("robot_0", 0.1 * k, Command(0.1 * k, 0.0, 0.0), {Reason.COMMAND_AGE})
        recorder.advance(lambda _: ())
    assert summary(recorder)["reaction_ms_p50"] == pytest.approx(12.0, abs=1e-3)
    assert min(recorder.reaction_s) > 0.0
