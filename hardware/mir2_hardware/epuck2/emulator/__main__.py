"""Emulated e-puck2 on this machine, and the roster to drive them: python -m mir2_hardware.epuck2.emulator."""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from mir2_core.errors import UserError, user_errors
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.roster import Arena, RobotEntry, Roster, StartPose
from mir2_core.start_poses import BODY_SPACING, non_overlapping_poses
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.world import backend

from mir2_hardware.epuck2.emulator.faults import LinkFault, parse_fault
from mir2_hardware.epuck2.emulator.lab import Lab


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m mir2_hardware.epuck2.emulator", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--robots", type=int, default=10, help="how many (default: 10)")
    parser.add_argument("--roster", type=Path, required=True, help="the file to write (YAML)")
    parser.add_argument("--policy", default="rendezvous-any", help="of the roster (default: rendezvous-any)")
    parser.add_argument("--arena", type=float, default=2.0, help="side in m (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="draws where robots start (default: 0)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine only)")
    parser.add_argument("--port", type=int, default=0, help="of the first robot (default: any that are free)")
    parser.add_argument("--rate", type=float, default=30.0, help="replies a second of each robot (default: 30)")
    kinds = ", ".join(LinkFault)
    parser.add_argument(
        "--fault", action="append", default=[], help=f"kind@robot:start_s[:duration_s], may be repeated; kinds: {kinds}"
    )
    return parser.parse_args(words)


def make_lab(robots: int, arena_m: float, *, seed: int, rate_hz: float = 30.0) -> Lab:
    """Robots named robot_<index> at places that the seed draws, in a PyBullet world."""
    for option, value, low, high in (("--robots", robots, 2, 64), ("--rate", rate_hz, 5.0, 60.0)):
        if not low <= value <= high:
            raise UserError(f"{option} is {value:g}; allowed: {low:g} to {high:g}")
    apart_m = 2.0 * BODY_SPACING * EPUCK2.radius_m
    poses = non_overlapping_poses(np.random.default_rng(seed), robots, arena_m, apart_m)
    team = Roster(arena=Arena(size_m=arena_m), policy="", robots=[RobotEntry(name=f"robot_{k}") for k in range(robots)])
    task = Rendezvous(RendezvousParams(robots=robots, arena_m=arena_m))
    world = backend("pybullet").make_world(team, task, poses, seed=seed, gui=False)
    return Lab(team.names, world, arena_m, rate_hz)


def roster_of(lab: Lab, arena_m: float, policy: str) -> Roster:
    """The roster that drives the robots of a room, from where they stand."""
    return Roster(
        arena=Arena(size_m=arena_m),
        policy=policy,
        allow_fault_injection=True,
        robots=[
            RobotEntry(
                name=name,
                start=StartPose(x_m=x_m, y_m=y_m, heading_rad=heading_rad),
                driver={"host": robot.address[0], "port": robot.address[1]},
            )
            for (name, robot), (x_m, y_m, heading_rad) in zip(lab.robots.items(), lab.poses.tolist(), strict=True)
        ],
    )


async def _run(arguments: argparse.Namespace) -> None:
    lab = make_lab(arguments.robots, arguments.arena, seed=arguments.seed, rate_hz=arguments.rate)
    try:
        plan = [parse_fault(text, list(lab.robots)) for text in arguments.fault]
        await lab.open(arguments.host, arguments.port)
        _write(roster_of(lab, arguments.arena, arguments.policy), arguments.roster)
    except UserError:
        lab.close()
        raise
    running = asyncio.create_task(lab.run(plan))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    ports = ", ".join(str(robot.address[1]) for robot in lab.robots.values())
    print(f"{arguments.robots} emulated e-puck2 at {arguments.host}, ports {ports}; Ctrl-C ends them. To drive them:")
    print(f"    ros2 launch mir2_swarm rendezvous.launch.py backend:=hardware roster:={arguments.roster}", flush=True)
    with suppress(asyncio.CancelledError):
        await running
    _tell(lab)


def _write(roster: Roster, path: Path) -> None:
    try:
        roster.save(path)
    except OSError as error:
        raise UserError(f"--roster is '{path}', which cannot be written: {error.strerror}") from None


def _tell(lab: Lab) -> None:
    """Where the robots really are, which their odometry may not know."""
    places = lab.poses[:, :2]
    widest_m = np.linalg.norm(places[:, None] - places[None], axis=-1).max()
    print(f"the widest pair is {widest_m:.3f} m apart; the room was {lab.late_s:.1f} s late", flush=True)
    for (name, robot), (x_m, y_m) in zip(lab.robots.items(), places.tolist(), strict=True):
        firmware = robot.firmware
        speeds = ", ".join(f"{speed:.0f}" for speed in firmware.motors)
        print(
            f"    {name} at {x_m:.3f}, {y_m:.3f}; motors {speeds} steps/s; {firmware.exchanges} replies, "
            f"{firmware.dropped} commands dropped",
            flush=True,
        )


@user_errors
def main(words: Sequence[str] | None = None) -> None:
    """Run until interrupted."""
    asyncio.run(_run(_arguments(words)))


if __name__ == "__main__":
    main()
