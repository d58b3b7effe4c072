"""Ten-robot steps per second, observations and rewards included: one robot after another in Python, NumPy, PyTorch."""

import argparse
import math
import time
from collections.abc import Callable

import numpy as np
import torch
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_sim.batched import BatchedWorld, torch_task

Pose = tuple[float, float, float]
PARAMS = RendezvousParams()


def plain_step(poses: list[Pose], actions: list[tuple[float, float]]) -> tuple[list[Pose], list[list[float]], float]:
    """The task as one would write it first: a loop over robots, a loop over their allies."""
    moved = [_move(pose, action) for pose, action in zip(poses, actions, strict=True)]
    observations = [_observe(moved, i) for i in range(len(moved))]
    distances = [math.dist(a[:2], b[:2]) for i, a in enumerate(moved) for b in moved[i + 1 :]]
    effort = sum(left * left + right * right for left, right in actions) / (2 * len(actions))
    reward = -sum(min(d, PARAMS.radius_m) for d in distances) / len(distances) / PARAMS.radius_m - 0.001 * effort
    return moved, observations, reward


def _move(pose: Pose, action: tuple[float, float]) -> Pose:
    x, y, heading = pose
    left, right = (min(1.0, max(-1.0, wheel)) for wheel in action)
    v, omega, dt = (left + right) * 0.075344, (right - left) * 2.65062, PARAMS.dt_s / PARAMS.substeps
    for _ in range(PARAMS.substeps):
        x = min(PARAMS.arena_m, max(0.0, x + v * math.cos(heading) * dt))
        y = min(PARAMS.arena_m, max(0.0, y + v * math.sin(heading) * dt))
        heading = (heading + omega * dt) % (2.0 * math.pi)
    return x, y, heading


def _observe(poses: list[Pose], me: int) -> list[float]:
    seen: list[float] = []
    for j, ally in enumerate(poses):
        if j != me:
            seen += [math.dist(poses[me][:2], ally[:2]) / PARAMS.radius_m, *_bearing(poses[me], ally)]
            seen += _bearing(ally, poses[me])
    x, y, heading = poses[me]
    walls = [PARAMS.arena_m - x, PARAMS.arena_m - y, x, y]
    nearest = min(range(4), key=walls.__getitem__)
    toward = 0.5 * math.pi * nearest - heading
    at_wall = [100.0 * walls[nearest], math.cos(toward), math.sin(toward), 0.0, 0.0]
    seen += at_wall if walls[nearest] <= 0.01 else [1.0, 0.0, 0.0, 0.0, 0.0]
    return seen + [float(j == me) for j in range(len(poses))]


def _bearing(observer: Pose, seen: Pose) -> list[float]:
    angle = observer[2] - math.atan2(seen[1] - observer[1], seen[0] - observer[0])
    return [math.cos(angle), math.sin(angle)]


def plain(rng: np.random.Generator, batch: int) -> Callable[[], object]:
    """A step of one world; `batch` is one."""
    poses = [tuple(pose) for pose in Rendezvous(PARAMS).reset(rng)[0].tolist()]
    actions = [tuple(action) for action in rng.uniform(-1, 1, (10, 2)).tolist()]
    return lambda: plain_step(poses, actions)


def numpy_task(rng: np.random.Generator, batch: int) -> Callable[[], object]:
    """A step of the task on NumPy arrays, as a rollout does it."""
    task = Rendezvous(PARAMS)
    poses, actions = task.reset(rng, batch), rng.uniform(-1, 1, (batch, 10, 2))

    def step() -> object:
        moved = task.step(poses, actions)
        return task.observe(moved), task.reward(moved, actions)

    return step


def torch_world(rng: np.random.Generator, batch: int) -> Callable[[], object]:
    """A step of the training world, restarts included."""
    world = BatchedWorld(torch_task("rendezvous", PARAMS), batch, rng)
    actions = torch.rand(batch, 10, 2) * 2.0 - 1.0

    def step() -> object:
        world.step(actions)
        return world.task.observe(world.poses)

    return step


def steps_per_second(step: Callable[[], object], batch: int, seconds: float) -> float:
    """Measured over at least `seconds`, after one step to warm up."""
    step()
    count, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        step()
        count += 1
    return count * batch / elapsed


def check_plain_step() -> None:
    """The plain loop must compute what the task does, or the comparison means nothing."""
    task, rng = Rendezvous(PARAMS), np.random.default_rng(1)
    poses, actions = task.reset(rng), rng.uniform(-1, 1, (1, 10, 2))
    moved, observations, reward = plain_step(
        [tuple(pose) for pose in poses[0].tolist()], [tuple(action) for action in actions[0].tolist()]
    )
    expected = task.step(poses, actions)
    np.testing.assert_allclose(moved, expected[0], atol=1e-9)
    np.testing.assert_allclose(observations, task.observe(expected)[0], atol=1e-9)
    np.testing.assert_allclose(reward, task.reward(expected, actions)[0], atol=1e-9)


def main() -> None:
    """Print one line per implementation and batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="per line; default: 2")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; default: 1")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    check_plain_step()
    lines: list[tuple[str, Callable[[np.random.Generator, int], Callable[[], object]], int]] = [
        ("plain Python loop", plain, 1),
        *(("NumPy task", numpy_task, batch) for batch in (1, 256)),
        *(("PyTorch training world", torch_world, batch) for batch in (32, 128, 512, 2048)),
    ]
    print(f"{'implementation':24} {'worlds':>6} {'steps/s':>10}")
    with torch.inference_mode():
        for name, make, batch in lines:
            speed = steps_per_second(make(np.random.default_rng(0), batch), batch, arguments.seconds)
            print(f"{name:24} {batch:6d} {speed:10,.0f}", flush=True)


if __name__ == "__main__":
    main()
