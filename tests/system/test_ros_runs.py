"""A run that another program plays through the real nodes, and its record."""

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.rollout import rollout
from mir2_core.run import Run
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.evaluation import ros

from tests.ros import DEADLINE_S, MARKER, survivors, wait_until


@pytest.fixture
def nothing_stays(monkeypatch):
    """At the end no process runs that the test has started."""
    environment = {MARKER: "a run that another program plays"}
    monkeypatch.setenv(MARKER, environment[MARKER])
    yield
    wait_until(lambda: survivors(environment) == [], DEADLINE_S, "every process has ended")


@pytest.mark.usefixtures("nothing_stays")
def test_a_run_leaves_its_record(make_bundle, tmp_path):
    bundle = make_bundle(robots=3)
    run = Run(
        robots=3, policy=str(bundle), backend="kinematic", mode="lockstep", duration_s=2.0, seed=5,
        fault="offset:{x_m: 0.1}@robot_1:1", robots_per_process=3,
    )  # fmt: skip
    record = ros.play_run(run, tmp_path / "run")
    assert record.status == 0, record.output
    task = Rendezvous(RendezvousParams(robots=3))
    truth = rollout(task, PolicyBundle.load(bundle), task.reset(np.random.default_rng(5))[0], 10)
    np.testing.assert_allclose(record.poses[:11], truth.poses, rtol=0, atol=1e-6)
    assert record.names == ("robot_0", "robot_1", "robot_2")
    assert record.poses.shape == (21, 3, 3)
    assert record.twists.shape == (20, 3, 2)
    assert record.rewards.sum() == pytest.approx(record.metrics["team_return"])
    assert record.compromised[:, 1].tolist() == [False] * 10 + [True] * 10
    assert not record.compromised[:, [0, 2]].any()
    (started,) = (event for event in record.events if event["event"] == "fault_started")
    assert (started["robot"], started["time_s"]) == ("robot_1", 1.0)


@pytest.mark.usefixtures("nothing_stays")
def test_a_run_that_is_refused_says_why(make_bundle, tmp_path):
    run = Run(robots=3, policy=str(make_bundle(robots=3)), backend="kinematic", fault="silense@robot_0:1")
    with pytest.raises(UserError, match=r"exit status \d+.*did you mean 'silence'"):
        ros.play_run(run, tmp_path / "run")


@pytest.mark.usefixtures("nothing_stays")
def test_a_run_that_never_ends_is_given_up(make_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(ros, "deadline_s", lambda run: 0.2)
    run = Run(policy=str(make_bundle()), backend="kinematic", duration_s=600.0)
    with pytest.raises(UserError, match="was not over after 0 s and has been interrupted"):
        ros.play_run(run, tmp_path / "run")


def test_a_folder_without_a_whole_record_is_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        ros.RunRecord.read(tmp_path)
    (tmp_path / "trajectories.npz").write_bytes(b"torn")
    with pytest.raises(UserError, match="cannot be read"):
        ros.RunRecord.read(tmp_path)
