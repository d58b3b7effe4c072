"""Tasks, one file each: the only place where an observation or a reward is built."""

from mir2_core.errors import UserError, nearest
from mir2_core.tasks.rendezvous import ObservationTerm, Rendezvous, RendezvousParams

TASKS: dict[str, type[Rendezvous]] = {"rendezvous": Rendezvous}


def task_type(name: str) -> type[Rendezvous]:
    """The task of that name; a `UserError` lists the valid ones."""
    if name not in TASKS:
        raise UserError(f"unknown task '{name}'; {nearest(name, TASKS)}")
    return TASKS[name]


__all__ = ["TASKS", "ObservationTerm", "Rendezvous", "RendezvousParams", "task_type"]
