"""Our Crazyflie beside that of gym-pybullet-drones: the same commands, and how fast both are.

Usage: python bench/drones.py [--robots 1,10] [--seeds 3]

Theirs is flown only if it is installed (README.md says how).
"""

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from mir2_core.robots import CRAZYFLIE
from mir2_core.types import FloatArray
from mir2_sim.pybullet_world import PyBulletWorld

PERIOD_S, FLIGHT_S, SPEED_S = 0.1, 10.0, 2.0
HOLD = 10  # periods that a command is held
DRONES, ARENA_M = 10, 20.0
ROUNDS = 3

World = Any
Make = Callable[[FloatArray], World]


def starts(robots: int) -> FloatArray:
    """Poses (N, 3) a metre apart, so that nobody meets anybody in ten seconds."""
    side = int(np.ceil(np.sqrt(robots)))
    k = np.arange(robots)
    middle_m = 0.5 * (ARENA_M - 1.5 * (side - 1))
    return np.column_stack([middle_m + 1.5 * (k % side), middle_m + 1.5 * (k // side), 0.7 * k])


def commands(robots: int, seed: int) -> FloatArray:
    """Unicycle commands (T, N, 2) within what the e-puck2's policies ask for."""
    rng = np.random.default_rng(seed)
    drawn = rng.uniform([0.0, -1.5], [0.15, 1.5], (round(FLIGHT_S / PERIOD_S / HOLD), robots, 2))
    return np.repeat(drawn, HOLD, axis=0)


def flown(make: Make, wanted: FloatArray) -> FloatArray:
    """Places (T, N, 2) under commands (T, N, 2)."""
    world = make(starts(wanted.shape[1]))
    path = []
    for twists in wanted:
        world.step(twists, PERIOD_S)
        path.append(world.poses()[:, :2])
    world.close()
    return np.array(path)


def unicycles(wanted: FloatArray) -> FloatArray:
    """Places (T, N, 2) of robots that do at once what they are told."""
    poses, path, parts = starts(wanted.shape[1]), [], 100
    for v_mps, omega_radps in wanted.transpose(0, 2, 1):
        for _ in range(parts):
            ahead = np.column_stack([np.cos(poses[:, 2]), np.sin(poses[:, 2])])
            poses[:, :2] += ahead * v_mps[:, None] * PERIOD_S / parts
            poses[:, 2] += omega_radps * PERIOD_S / parts
        path.append(poses[:, :2].copy())
    return np.array(path)


def seconds(make: Make, robots: int) -> float:
    """Processor time that `SPEED_S` of simulated time take."""
    world, wanted = make(starts(robots)), commands(robots, 0)
    world.step(wanted[0], PERIOD_S)
    began_s = time.process_time()
    for twists in wanted[: round(SPEED_S / PERIOD_S)]:
        world.step(twists, PERIOD_S)
    spent_s = time.process_time() - began_s
    world.close()
    return spent_s


def ours(poses: FloatArray) -> World:
    """Our world, with everything in it."""
    return PyBulletWorld(poses, ARENA_M, models=CRAZYFLIE)


def theirs() -> dict[str, Make]:
    """The worlds of the other package by what is in them, the one that computes most first."""
    from gym_pybullet_drones.utils.enums import Physics
    from mir2_sim.velocity_aviary_world import VelocityAviaryWorld

    def maker(physics: Physics, control_hz: int) -> Make:
        def make(poses: FloatArray) -> World:
            models, names = [CRAZYFLIE] * len(poses), [f"drone {i}" for i in range(len(poses))]
            return VelocityAviaryWorld(
                poses, ARENA_M, models=models, names=names, physics=physics, control_hz=control_hz
            )

        return make

    return {
        "drag, ground effect, downwash; control 240 Hz": maker(Physics.PYB_GND_DRAG_DW, 240),
        "none of these (its default); control 240 Hz": maker(Physics.PYB, 240),
        "drag; control 48 Hz (our backend)": maker(Physics.PYB_DRAG, 48),
    }


def differences(name: str, paths: list[tuple[FloatArray, FloatArray]]) -> None:
    """Print how far two flights are apart, over all drones and seeds."""
    apart_mm = 1e3 * np.array([np.linalg.norm(one - other, axis=-1) for one, other in paths])
    print(f"{name:34}{apart_mm.max():8.0f}{apart_mm[:, -1].mean():14.0f}{apart_mm.mean():12.0f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", default="1,10", help="team sizes of the second table; default: 1,10")
    parser.add_argument("--seeds", type=int, default=3, help="of commands; default: 3")
    given = parser.parse_args()
    others = theirs() if find_spec("gym_pybullet_drones") else {}
    if not others:
        print("gym-pybullet-drones is not installed (README.md says how): only ours is flown\n")

    flights = [commands(DRONES, seed) for seed in range(given.seeds)]
    ideal, own = [unicycles(each) for each in flights], [flown(ours, each) for each in flights]
    print(f"{DRONES} drones, {given.seeds} sets of commands, {FLIGHT_S:g} s: how far apart in the plane, in mm")
    print(f"{'':34}{'worst':>8}{'at the end':>14}{'mean':>12}")
    for name, make in others.items():
        other = [flown(make, each) for each in flights]
        differences(f"theirs and ours ({name.split(';')[1].split('(')[0].strip()})", list(zip(other, own, strict=True)))
        differences("  theirs and the unicycle", list(zip(other, ideal, strict=True)))
    differences("ours and the unicycle", list(zip(own, ideal, strict=True)))

    print(f"\nProcessor time, best of {ROUNDS} in turns, {SPEED_S:g} s simulated at 240 Hz: times real time")
    worlds = {"ours: drag, ground effect, downwash; control 240 Hz": ours, **others}
    for robots in map(int, given.robots.split(",")):
        rounds = [[seconds(make, robots) for make in worlds.values()] for _ in range(ROUNDS)]
        own_s, *_ = best = np.min(rounds, axis=0).tolist()
        for name, spent_s in zip(worlds, best, strict=True):
            faster = "" if name.startswith("ours") else f"   ours is {spent_s / own_s:.1f} times as fast"
            print(f"{robots:3} drones, {name:52}{SPEED_S / spent_s:8.1f}{faster}")


if __name__ == "__main__":
    main()
