"""Time of one decision of one robot: its observation alone or as a row of all, and ONNX Runtime without and with vote.

Everything takes turns in short slices, so that other work on the machine slows all alike.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from mir2_core.bundle import PolicyBundle

POLICY = Path(__file__).parents[1] / "policies" / "zoo" / "rendezvous-any.onnx"
TEAMS = (3, 10, 30, 64)
ROUNDS = 20
COLUMNS = ("all rows", "own row", "policy", "vote 1", "vote 2")


def pieces(policy: PolicyBundle, rng: np.random.Generator) -> list[Callable[[], object]]:
    """What is timed, one for each of `COLUMNS`."""
    task = policy.task()
    poses, present = task.reset(rng), np.ones((1, task.params.robots), dtype=bool)
    seen = task.observe.of_robot(poses, 1, present)
    one, two = policy.voting(1), policy.voting(2)
    return [
        lambda: task.observe(poses, present[:, None])[:, 1],
        lambda: task.observe.of_robot(poses, 1, present),
        lambda: policy.act(seen),
        lambda: one.act(seen),
        lambda: two.act(seen),
    ]


def medians_us(timed: list[Callable[[], object]], seconds: float) -> list[float]:
    """The median time of each, over at least `seconds`, after one call to warm up."""
    times_s: list[list[float]] = [[] for _ in timed]
    for call in timed:
        call()
    for _ in range(ROUNDS):
        for call, taken_s in zip(timed, times_s, strict=True):
            end_s = time.perf_counter() + seconds / ROUNDS
            while (start_s := time.perf_counter()) < end_s:
                call()
                taken_s.append(time.perf_counter() - start_s)
    return [1e6 * float(np.median(taken_s)) for taken_s in times_s]


def main() -> None:
    """Print one line per team size, in microseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--policy", type=Path, default=POLICY, help="one for any team; default: the zoo's")
    parser.add_argument("--seconds", type=float, default=1.0, help="per figure; default: 1")
    arguments = parser.parse_args()
    policy, rng = PolicyBundle.load(arguments.policy), np.random.default_rng(0)
    print("microseconds, median; an observation as a row of all or alone, then ONNX Runtime once or for every part")
    print(f"{'robots':>6} " + " ".join(f"{column:>9}" for column in COLUMNS))
    for team in TEAMS:
        figures = medians_us(pieces(policy.of_size(team), rng), arguments.seconds)
        print(f"{team:6d} " + " ".join(f"{figure:9.0f}" for figure in figures))
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ONNX Runtime with one thread")


if __name__ == "__main__":
    main()
