"""Every example runs as docs/extending.md says, and what it adds is found where its like is."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.deployment import Deployment
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors.schedule import parse_faults
from mir2_core.types import Command
from mir2_core.world import backend, for_backend
from mir2_policies.evaluation.episodes import run_episodes
from mir2_policies.evaluation.measure import Settings

from examples.extending.backend import slippery
from examples.extending.fault.orbit import orbit
from examples.extending.robot.turtlebot3_waffle import WAFFLE, let_through

ROOT = Path(__file__).parents[2]
ZOO = ROOT / "policies" / "zoo"
POLICY = "policies/zoo/rendezvous-mir2_states-10.onnx"
PROGRAMS = {
    "task.matching": ([], r"following the hints earns 1\.2\d\nalways the same label earns 0\.8\d"),
    "algorithm.discrete_mir2": (["train", "--algorithm", "discrete_mir2", "--steps", "640"], r'"return_mean"'),
    "robot.turtlebot3_waffle": ([], r"straight: .*0\.151 m/s.*\non the spot: .* 1\.81 rad/s let through"),
    "fault.orbit": ([POLICY], r"circles -\d+\.\d+\n.*stands  -\d+\.\d+"),
    "backend.slippery": ([POLICY], r"kinematic: 0\.0\d\d m apart after 20 s\nslippery: 0\.0\d\d m"),
}


def test_there_is_a_program_in_every_folder() -> None:
    folders = {path.name for path in (ROOT / "examples" / "extending").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == {name.split(".")[0] for name in PROGRAMS}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_runs_as_documented(name: str, tmp_path: Path) -> None:
    arguments, expected = PROGRAMS[name]
    if arguments[:1] == ["train"]:
        arguments = [*arguments, "--quiet", "--output", str(tmp_path / "run")]
    command = [sys.executable, "-m", f"examples.extending.{name}", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr
    assert re.search(expected, ended.stdout), ended.stdout
    guide = (ROOT / "docs" / "extending.md").read_text()
    assert f"python -m examples.extending.{name}" in guide
    assert (
        f"python -m examples.extending.{name}"
        in (ROOT / "examples/extending" / name.replace(".", "/")).with_suffix(".py").read_text()
    )


def roster(kind: str) -> Roster:
    team = [{"name": f"robot_{index}", "kind": kind} for index in range(10)]
    return Roster.model_validate({"arena": {"size_m": 2.0}, "policy": "p", "robots": team})


def test_a_roster_may_name_the_robot_kind_and_the_gate_keeps_its_limits() -> None:
    deployment = Deployment.check(roster(WAFFLE.name), PolicyBundle.load(ROOT / POLICY))
    assert {robot.kind for robot in deployment.roster.robots} == {"turtlebot3_waffle"}
    with pytest.raises(UserError, match="backend 'pybullet' cannot build the kind 'turtlebot3_waffle'"):
        for_backend(deployment.roster, "pybullet")
    asked = Command(0.0, 0.2, 4.0)
    given = let_through(asked)
    assert max(map(abs, WAFFLE.wheels(given.v_mps, given.omega_radps))) == pytest.approx(WAFFLE.max_wheel_radps)
    assert given.omega_radps / given.v_mps == pytest.approx(asked.omega_radps / asked.v_mps)


def test_the_fault_goes_round_the_team_and_is_known_by_its_name() -> None:
    task = Rendezvous(RendezvousParams(robots=4, arena_m=10.0, radius_m=14.1))
    starts = task.reset(np.random.default_rng(1), 3)
    stand = run_episodes(task, lambda seen: 0.0 * seen[..., :2], 3, 1, robots=(0,), traitor=orbit)
    np.testing.assert_array_equal(stand.poses[0], starts)
    centre = starts[:, None, 1:, :2].mean(axis=2)
    away = stand.poses[:, :, 0, :2].swapaxes(0, 1) - centre
    turned = np.unwrap(np.arctan2(away[..., 1], away[..., 0]), axis=1)
    assert (turned[:, -1] > turned[:, 0] + 0.2).all()
    assert "orbit" in {spec.kind for spec in parse_faults("orbit@robot_0:5", ["robot_0"])}
    Settings(conditions=("orbit",)).check(team=4)


def test_the_backend_builds_what_the_kinematic_one_does_and_slips() -> None:
    given = for_backend(roster("epuck2"), "slippery")
    task = Rendezvous(RendezvousParams())
    starts = np.tile([1.0, 1.0, math.pi / 2], (10, 1))
    world = backend("slippery").make_world(given, task, starts, seed=0, gui=False)
    applied = world.step(np.tile([0.1, 0.0], (10, 1)), world.tick_s)
    np.testing.assert_allclose(applied, np.tile([0.09, 0.0], (10, 1)), atol=1e-12)
    np.testing.assert_allclose(world.poses(), starts + np.array([0.0, 0.009, 0.0]), atol=1e-12)
    assert backend("slippery").KINDS is slippery.KINDS
