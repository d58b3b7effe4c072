"""Commands through gates whose robots all say truly where they are."""

from collections.abc import Sequence

from mir2_core.gate import CommandGate
from mir2_core.types import Command, Echo, FloatArray, RobotState


def let_through(
    gates: Sequence[CommandGate],
    now_s: float,
    poses: FloatArray,
    asked: FloatArray,
    ranges_m: Sequence[FloatArray] = (),
) -> list[tuple[float, float]]:
    """What is left of body velocities (N, 2) at poses (N, 3), given what each robot's sensors read, if they do."""
    states = [RobotState(now_s, *pose) for pose in poses.tolist()]
    decided = [
        gate.step(
            now_s,
            Command(now_s, *asked[i].tolist()),
            states[i],
            [*states[:i], *states[i + 1 :]],
            [Echo(now_s, range_m) for range_m in ranges_m[i].tolist()] if ranges_m else (),
        )
        for i, gate in enumerate(gates)
    ]
    return [(each.command.v_mps, each.command.omega_radps) for each in decided]
