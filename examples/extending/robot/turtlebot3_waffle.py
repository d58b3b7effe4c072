"""A robot kind: the TurtleBot3 waffle, which takes policies that were trained for the e-puck2.

A policy asks for body velocities, so it fits any robot that drives like the one it was trained for: the waffle drives
faster and turns a third as fast, and the gate scales down what is too much, keeping the curve.

    python -m examples.extending.robot.turtlebot3_waffle
"""

from mir2_core.gate import CommandGate, GateLimits
from mir2_core.robots import EPUCK2_POINT, ROBOTS, RobotModel
from mir2_core.types import Command, RobotState

# Wheels 33 mm in radius, 0.287 m apart; 0.26 m/s at most, by the maker's data sheet. The body is a circle around it.
WAFFLE = RobotModel(
    name="turtlebot3_waffle",
    policy_kind="epuck2",
    wheel_radius_m=0.033,
    axle_m=0.287,
    max_wheel_radps=0.26 / 0.033,
    max_wheel_radps2=20.0,
    radius_m=0.220,
    clearance_m=0.020,
    body_m=(0.0, 0.141),
)

ROBOTS[WAFFLE.name] = WAFFLE


def let_through(asked: Command) -> Command:
    """What is left of a command after some time on a free floor."""
    gate = CommandGate(WAFFLE, GateLimits(arena_m=4.0, period_s=0.1, command_timeout_s=0.5, state_timeout_s=0.5))
    middle = RobotState(stamp_s=0.0, x_m=2.0, y_m=2.0, heading_rad=0.0, v_mps=0.0, omega_radps=0.0)
    for _ in range(10):
        decision = gate.step(0.0, asked, middle, ())
    return decision.command


if __name__ == "__main__":
    for name, asked in (
        ("straight", Command(0.0, EPUCK2_POINT.max_v_mps, 0.0)),
        ("on the spot", Command(0.0, 0.0, EPUCK2_POINT.max_omega_radps)),
    ):
        given = let_through(asked)
        print(f"{name}: {asked.v_mps:.3f} m/s, {asked.omega_radps:.2f} rad/s asked for, ", end="")
        print(f"{given.v_mps:.3f} m/s, {given.omega_radps:.2f} rad/s let through")
