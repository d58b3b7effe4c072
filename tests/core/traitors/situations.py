"""Situations of a small team, as NumPy arrays or as tensors."""

import numpy as np
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors.traitor import Memory, Moment, Situation
from mir2_sim.batched import torch_task

PARAMS = RendezvousParams(robots=5)
ARRAYS = Rendezvous(PARAMS)
TENSORS = torch_task("rendezvous", PARAMS)
POSES = ARRAYS.reset(np.random.default_rng(0), 6)
WANTED = np.random.default_rng(1).uniform(-1.0, 1.0, (6, 5, 2))


def situation(task=ARRAYS, robots=(1, 3), worlds=6, step=7, seed=4):
    """All that a traitor may look at after two moments, in the first `worlds` of six."""
    memory = Memory()
    for age in (1, 0):
        poses = task.asarray(np.roll(POSES, age, axis=0)[:worlds])
        actions = task.asarray(np.roll(WANTED, age, axis=0)[:worlds][:, list(robots)])
        memory.note(step - age, Moment(poses, lambda actions=actions: actions))
    return Situation(task, task.robot, robots, seed, step, memory)
