"""Policies that are certified in tests: shipped ones, and some that have learned nothing but react to everybody."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.tasks import RendezvousParams
from mir2_policies.bundles.certificate.decision import Decision, Policy
from mir2_policies.bundles.export import export_actor
from mir2_policies.learners.networks import Actor
from mir2_policies.learners.set_actor import SetActor
from mir2_sim.batched import torch_task

from tests.policies.tiny_run import tiny_config

ZOO = Path(__file__).parents[3] / "policies" / "zoo"
CASES = [
    "zoo any of 2",
    "zoo any of 3",
    "zoo any of 10",
    "zoo any of 3 voting",
    "zoo any of 10 voting",
    "zoo mir2_allies-3",
    "zoo mir2_states-10",
    "trim 0",
    "trim 1",
    "trim 1 voting",
    "trim 2",
]


def write_random(path: Path, trim: int = 1, observation: str = "allies", **changes: object) -> Path:
    """A policy for teams in which not everybody is in range; as a rule its own encoding is partly below zero."""
    params = {"robots": 6, "observation": observation, "radius_m": 0.9, "horizon": 10} | changes
    task = torch_task("rendezvous", RendezvousParams.model_validate(params))
    torch.manual_seed(trim)
    if observation == "allies":
        actor: Actor = SetActor(task.observe, 2, (16, 12), encoder=14, trim=trim)
        torch.nn.init.normal_(actor.itself)
    else:
        actor = Actor(task.observe.size, 2, (16, 12))
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.mul_(2.0)
    export_actor(actor.eval(), task, tiny_config("maddpg", final_evaluation_episodes=2), {}, path)
    return path


@cache
def policy(case: str) -> Policy:
    source, rest = case.removesuffix(" voting").split(" ", 1)
    with TemporaryDirectory() as folder:
        if source == "zoo":
            kind, _, size = rest.partition(" of ")
            bundle = PolicyBundle.load(ZOO / f"rendezvous-{kind}.onnx")
            bundle = bundle.of_size(int(size)) if size else bundle
        else:
            bundle = PolicyBundle.load(write_random(Path(folder) / "random.onnx", int(rest)))
        return Policy(bundle.voting(1) if case.endswith(" voting") else bundle)


@cache
def decision(case: str, seed: int = 0) -> Decision:
    """One of a team at random, or of one that has nearly met."""
    made, rng = policy(case), np.random.default_rng(seed)
    poses = made.task.reset(rng)[0]
    if seed % 2:
        poses[:, :2] = 1.0 + 0.1 * (poses[:, :2] - 1.0)
    return Decision(made, poses, int(rng.integers(len(poses))))
