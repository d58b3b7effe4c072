"""What cannot be written to the run folder is not lost, and nobody can fill the disk with events."""

import json
import resource
from contextlib import contextmanager

import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.recorder import Recorder
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.types import Command, RobotState
from mir2_swarm.run_folder import MOST_OF_A_KIND, EventLog, write_run_folder

FACTS = {
    "policy": "p",
    "vote": 0,
    "backend": "kinematic",
    "mode": "lockstep",
    "seed": 0,
    "task": "rendezvous",
    "robots": 2,
    "faults": [],
}


@contextmanager
def full_disk(size):
    """No file of this process grows beyond some bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def recorder():
    made = Recorder(Rendezvous(RendezvousParams(robots=2)), ["a", "b"], 0.0, patient=True)
    for k in range(3):
        for row, robot in enumerate(made.names):
            made.odometry(robot, RobotState(0.1 * k, 0.5 + row, 1.0, 0.0))
            made.gate(robot, 0.1 * k, Command(0.1 * k, 0.0, 0.0), [])
        made.advance(lambda _: ())
    return made


def test_events_of_several_writers_are_lines_of_one_file(tmp_path):
    monitor, launch = EventLog(tmp_path), EventLog(tmp_path)
    monitor.add(0.0, "run_started")
    launch.add(1.0, "node_died", node="gate")
    monitor.add(2.0, "run_ended")
    assert [json.loads(line)["event"] for line in monitor.path.read_text().splitlines()] == [
        "run_started", "node_died", "run_ended",
    ]  # fmt: skip
    assert launch.holds("run_ended")
    assert not launch.holds("run_cut_short")


def test_a_flood_of_one_kind_of_event_is_cut(tmp_path):
    log = EventLog(tmp_path)
    written = [log.add(0.0, "reports_refused") for _ in range(MOST_OF_A_KIND + 5)]
    log.add(0.0, "run_ended")
    lines = log.path.read_text().splitlines()
    assert (written.count(True), len(lines)) == (MOST_OF_A_KIND, MOST_OF_A_KIND + 1)
    assert "further events" in lines[-2]


def test_an_event_that_does_not_fit_on_the_disk_goes_to_the_screen_and_leaves_whole_lines(tmp_path, capsys):
    log = EventLog(tmp_path)
    log.add(0.0, "run_started")
    with full_disk(log.path.stat().st_size + 10):
        log.add(1.0, "run_ended")
    assert [json.loads(line)["event"] for line in log.path.read_text().splitlines()] == ["run_started"]
    assert '"event": "run_ended"' in capsys.readouterr().out


def test_figures_that_do_not_fit_on_the_disk_go_to_the_screen(tmp_path, capsys):
    with full_disk(20), pytest.raises(UserError, match=r"metrics.json: cannot be written"):
        write_run_folder(tmp_path, recorder(), FACTS)
    assert json.JSONDecoder().raw_decode(capsys.readouterr().out)[0]["steps"] == 2


def test_what_still_fits_is_written(tmp_path):
    (tmp_path / "metrics.json").mkdir()
    with pytest.raises(UserError, match=r"metrics.json"):
        write_run_folder(tmp_path, recorder(), FACTS)
    assert np.load(tmp_path / "trajectories.npz")["poses"].shape == (3, 2, 3)
    assert (tmp_path / "run.png").exists()
