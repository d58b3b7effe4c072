"""A fault: a robot that circles its team instead of joining it.

python -m examples.extending.fault.orbit policies/zoo/rendezvous-mir2_states-10.onnx
"""

import sys

from mir2_core.bundle import PolicyBundle
from mir2_core.tasks import on_floor
from mir2_core.traitors import ACTS
from mir2_core.traitors.steering import benign_centroid, drive
from mir2_core.traitors.traitor import Deed, Situation
from mir2_policies.evaluation.episodes import bundle_act, run_episodes


def orbit(situation: Situation) -> Deed:
    """Drive round the centroid of the benign robots, counter-clockwise."""
    xp = situation.xp
    outward = situation.own_poses[..., :2] - benign_centroid(xp, situation.poses, situation.robots)
    sideways = xp.stack([-outward[..., 1], outward[..., 0]], axis=-1)
    return Deed(drive(xp, situation.body, situation.own_poses, sideways))


ACTS["orbit"] = orbit


def main(policy: str) -> None:
    """Compare the benign robots' returns with and without it."""
    bundle = PolicyBundle.load(policy)
    task = on_floor(bundle.task(), policy)
    attacked = run_episodes(task, bundle_act(bundle), 32, seed=0, robots=(0,), traitor=orbit)
    stopped = run_episodes(task, bundle_act(bundle), 32, seed=0, robots=(0,), traitor=ACTS["stop"])
    print(f"benign return with a robot that circles {attacked.benign_return.mean():.2f}")
    print(f"benign return with a robot that stands  {stopped.benign_return.mean():.2f}")


if __name__ == "__main__":
    main(sys.argv[1])
