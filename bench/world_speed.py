"""Ten-robot steps a second, with observations, central state and reward: robot by robot in Python, NumPy, PyTorch.

All implementations take turns in short slices, so that other work on the machine slows them all alike.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_policies.learners.rendezvous_inputs import central_state
from mir2_sim.batched import BatchedWorld, float_tensors
from per_agent import world as per_agent

PARAMS = RendezvousParams()
ROUNDS = 8


class Contender(NamedTuple):
    """A way to step worlds."""

    name: str
    worlds: int
    step: Callable[[], object]


def loop(rng: np.random.Generator) -> Contender:
    """One world, robot by robot."""
    world = per_agent.World(PARAMS, rng)
    actions = [(left, right) for left, right in rng.uniform(-1, 1, (PARAMS.robots, 2)).tolist()]
    return Contender("Python, robot by robot", 1, lambda: world.step(actions))


def numpy_task(rng: np.random.Generator, worlds: int) -> Contender:
    """The task on NumPy arrays, as a rollout does it."""
    task = Rendezvous(PARAMS)
    poses, actions = task.reset(rng, worlds), rng.uniform(-1, 1, (worlds, PARAMS.robots, 2))

    def step() -> object:
        moved = task.step(poses, actions)
        gathered = task.gathered(moved, task.velocities(moved, actions))
        return task.observe(moved), central_state(task, moved), task.reward(moved, actions), gathered

    return Contender("NumPy", worlds, step)


def torch_world(rng: np.random.Generator, worlds: int) -> Contender:
    """The training world, restarts included."""
    task = Rendezvous(PARAMS, *float_tensors())
    world = BatchedWorld(task, worlds, rng)
    actions = torch.rand(worlds, PARAMS.robots, 2) * 2.0 - 1.0

    def step() -> object:
        world.step(actions)
        return task.observe(world.state), central_state(task, world.state)

    return Contender("PyTorch training world", worlds, step)


@torch.inference_mode()
def steps_per_second(contenders: list[Contender], seconds: float) -> list[float]:
    """Of each contender, measured over at least `seconds`, after one step to warm up."""
    counts, times_s = [0] * len(contenders), [0.0] * len(contenders)
    for contender in contenders:
        contender.step()
    for _ in range(ROUNDS):
        for i, contender in enumerate(contenders):
            start_s = time.perf_counter()
            while (elapsed_s := time.perf_counter() - start_s) < seconds / ROUNDS:
                contender.step()
                counts[i] += contender.worlds
            times_s[i] += elapsed_s
    return [count / time_s for count, time_s in zip(counts, times_s, strict=True)]


def main() -> None:
    """Print one line per implementation and batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="per line; default: 3")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch; default: 1")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    per_agent.check(PARAMS)
    rng = np.random.default_rng(0)
    contenders = [
        loop(rng),
        *(numpy_task(rng, worlds) for worlds in (1, 256)),
        *(torch_world(rng, worlds) for worlds in (32, 256, 1024, 2048)),
    ]
    speeds = steps_per_second(contenders, arguments.seconds)
    print(f"{'implementation':24} {'worlds':>6} {'steps/s':>10} {'ratio':>8}")
    for contender, speed in zip(contenders, speeds, strict=True):
        print(f"{contender.name:24} {contender.worlds:6d} {speed:10,.0f} {speed / speeds[0]:7.0f}x")
    load = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{load}; PyTorch with {arguments.threads} thread(s)")


if __name__ == "__main__":
    main()
