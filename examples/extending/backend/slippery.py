"""A backend: the task's own world on a slippery floor, where wheels do nine tenths of what they are told.

python -m examples.extending.backend.slippery policies/zoo/rendezvous-mir2_states-10.onnx
"""

import sys

import numpy as np
from mir2_core.bundle import PolicyBundle
from mir2_core.kinematic import KINDS, KinematicWorld
from mir2_core.recorder import pair_distances
from mir2_core.roster import Roster
from mir2_core.tasks import FloorTask, on_floor
from mir2_core.types import FloatArray
from mir2_core.world import BACKENDS, World, backend

__all__ = ["KINDS", "make_world"]  # what a backend is asked for; it takes the robot kinds of the kinematic world

GRIP = 0.9


class SlipperyWorld(KinematicWorld):
    """Robots that are a little slower than they should be."""

    def step(self, twists: FloatArray, duration_s: float) -> FloatArray:
        """Apply body velocities (N, 2) as far as the floor allows; returns what came of them."""
        return super().step(GRIP * twists, duration_s)


def make_world(roster: Roster, task: FloorTask, poses: FloatArray, *, seed: int, gui: bool) -> World:
    """A world with robots at `poses` (N, 3); there is no window to show."""
    return SlipperyWorld(task, poses)


BACKENDS["slippery"] = "examples.extending.backend.slippery"


def meet(world: World, bundle: PolicyBundle, task: FloorTask) -> float:
    """Let a team drive for an episode; the mean distance of two robots at its end."""
    for _ in range(task.params.horizon):
        actions = bundle.act(task.observe(world.poses()[None])[0])
        world.step(np.stack(task.action_to_twist(actions), axis=-1), task.params.dt_s)
    return pair_distances(world.poses())[0]


def main(policy: str) -> None:
    """Compare it with the floor of the kinematic world."""
    bundle = PolicyBundle.load(policy)
    task = on_floor(bundle.task(), policy)
    team = [{"name": f"robot_{index}"} for index in range(task.params.robots)]
    arena = {"size_m": task.params.arena_m}
    roster = Roster.model_validate({"arena": arena, "policy": policy, "robots": team})
    starts = task.reset(np.random.default_rng(0))[0]
    for name in ("kinematic", "slippery"):
        world = backend(name).make_world(roster, task, starts, seed=0, gui=False)
        print(f"{name}: {meet(world, bundle, task):.3f} m apart after {task.params.horizon * task.params.dt_s:g} s")


if __name__ == "__main__":
    main(sys.argv[1])
