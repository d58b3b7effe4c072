"""How far e-puck2 bodies in PyBullet depart from the kinematic model, how they push, and how fast they run.

Usage: python bench/pybullet_fidelity.py
"""

import time

import numpy as np
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.start_poses import non_overlapping_poses
from mir2_core.types import FloatArray
from mir2_sim.pybullet_scene import PHYSICS_HZ
from mir2_sim.pybullet_world import PyBulletWorld

SETTLE_S, MEASURE_S, PUSH_S, SPEED_S = 1.0, 4.0, 5.0, 20.0
CENTRE = (1.0, 1.0, 0.0)

COMMANDS = (
    ("straight, slow", 0.03, 0.0),
    ("straight", 0.10, 0.0),
    ("straight, limit", EPUCK2.max_v_mps, 0.0),
    ("backwards", -0.10, 0.0),
    ("spin, slow", 0.0, 0.5),
    ("spin", 0.0, 2.0),
    ("spin, limit", 0.0, EPUCK2.max_omega_radps),
    ("wide arc", 0.10, 0.5),
    ("tight arc", 0.06, 2.0),
)
# The pushed robot stands in the centre and comes first: its own speed and heading, then where its pushers start.
PUSHES = (
    ("drives away at 0.02 m/s", 0.02, 0.0, [(0.92, 1.0, 0.0)]),
    ("stopped, from behind", 0.0, 0.0, [(0.92, 1.0, 0.0)]),
    ("stopped, from the side", 0.0, 0.5 * np.pi, [(0.92, 1.0, 0.0)]),
    ("stopped, two from behind", 0.0, 0.0, [(0.93, 1.04, 0.0), (0.93, 0.96, 0.0)]),
)
CROWDS = ((1, 2.0), (10, 2.0), (10, 0.5), (30, 2.0), (30, 0.8))


def main() -> None:
    """Print the three tables."""
    print("Steady speed against the command, time to 95 % of it from standstill, end position after 5 s")
    print(f"{'command':16}{'v m/s':>9}{'ω rad/s':>9}{'v slip %':>10}{'ω slip %':>10}{'rise ms':>9}{'end mm':>9}")
    for name, v_mps, omega_radps in COMMANDS:
        print(f"{name:16}{v_mps:9.3f}{omega_radps:9.2f}{accuracy(v_mps, omega_radps)}")

    print(f"\nA robot pushed for {PUSH_S:g} s by others at 0.10 m/s: how far it moved")
    for name, own_mps, heading_rad, pushers in PUSHES:
        print(f"{name:26}{pushed_m(own_mps, heading_rad, pushers) * 1e3:8.0f} mm")

    print("\nSpeed on one core under random commands at 10 Hz, poses and contacts read each time")
    for robots, arena_m in CROWDS:
        print(f"{robots:3} robots in {arena_m:g} m x {arena_m:g} m:{times_real(robots, arena_m):7.1f} x real time")


def accuracy(v_mps: float, omega_radps: float) -> str:
    """The measured columns of one command."""
    wanted = np.array([v_mps, omega_radps])
    with PyBulletWorld([CENTRE], 2.0) as world:
        history = []
        for _ in range(round((SETTLE_S + MEASURE_S) * PHYSICS_HZ)):
            world.step([wanted], 1.0 / PHYSICS_HZ)
            history.append(world.velocities()[0])
        error_m = np.linalg.norm(world.poses()[0, :2] - unicycle_end(v_mps, omega_radps))
    speeds = np.array(history)
    steady = speeds[round(SETTLE_S * PHYSICS_HZ) :].mean(axis=0)
    slips = [
        f"{100 * (1 - got / want):10.2f}" if want else f"{'':10}" for got, want in zip(steady, wanted, strict=True)
    ]
    leading = int(v_mps == 0.0)
    reached = np.abs(speeds[:, leading]) >= 0.95 * abs(wanted[leading])
    rise_ms = 1e3 * (reached.argmax() + 1) / PHYSICS_HZ
    return f"{''.join(slips)}{rise_ms:9.0f}{1e3 * error_m:9.1f}"


def unicycle_end(v_mps: float, omega_radps: float) -> FloatArray:
    """Where a robot that reaches its speed at once would be."""
    duration_s = SETTLE_S + MEASURE_S
    if omega_radps == 0.0:
        return np.add(CENTRE[:2], (v_mps * duration_s, 0.0))
    turned_rad, radius_m = omega_radps * duration_s, v_mps / omega_radps
    return np.add(CENTRE[:2], (radius_m * np.sin(turned_rad), radius_m * (1.0 - np.cos(turned_rad))))


def pushed_m(own_mps: float, heading_rad: float, pushers: list[tuple[float, float, float]]) -> float:
    """Distance that the robot in the centre is moved."""
    with PyBulletWorld([(1.0, 1.0, heading_rad), *pushers], 2.0) as world:
        world.step([(own_mps, 0.0), *[(0.10, 0.0)] * len(pushers)], PUSH_S)
        return float(np.linalg.norm(world.poses()[0, :2] - CENTRE[:2]))


def times_real(robots: int, arena_m: float) -> float:
    """Simulated seconds per second of processor time."""
    rng = np.random.default_rng(0)
    with PyBulletWorld(non_overlapping_poses(rng, robots, arena_m, 0.075), arena_m) as world:
        start_s = time.process_time()
        for _ in range(round(SPEED_S * 10)):
            world.step(rng.uniform([-0.13, -4.0], [0.13, 4.0], (robots, 2)), 0.1)
            world.poses()
            world.contacts()
        return SPEED_S / (time.process_time() - start_s)


if __name__ == "__main__":
    main()
