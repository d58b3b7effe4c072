"""Tasks, one file each: the only place where an observation or a reward is built."""

from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator

from mir2_core.config import StrictModel
from mir2_core.errors import UserError, nearest
from mir2_core.tasks.base import (
    FloorTask,
    Observation,
    ObservationBlock,
    ObservationTerm,
    Task,
    TaskParams,
    columns,
    on_floor,
)
from mir2_core.tasks.rendezvous import Rendezvous, RendezvousParams


class TaskType(NamedTuple):
    """The parameters a task takes, and what makes it."""

    parameters: type[TaskParams]
    task: Callable[..., Task]  # of parameters, then `xp` and `asarray` where arrays are not NumPy's


TASKS: dict[str, TaskType] = {
    "rendezvous": TaskType(RendezvousParams, Rendezvous),
}


def task_type(name: str) -> TaskType:
    """The task of that name; a `UserError` lists the valid ones."""
    if name not in TASKS:
        raise UserError(f"unknown task '{name}'; {nearest(name, TASKS)}")
    return TASKS[name]


class TaskChoice(StrictModel):
    """A task by name, and parameters that are checked, and completed, by the task that is named."""

    task: str = "rendezvous"
    task_parameters: SerializeAsAny[TaskParams] = Field(default_factory=dict, validate_default=True)

    @field_validator("task")
    @classmethod
    def _known_task(cls, name: str) -> str:
        if name not in TASKS:
            raise ValueError(f"unknown task; {nearest(name, TASKS)}")
        return name

    @field_validator("task_parameters", mode="before")
    @classmethod
    def _parameters_of_the_task(cls, values: Any, others: ValidationInfo) -> Any:
        name = others.data.get("task")  # absent if it is unknown, which is the error to show
        return values if name is None else TASKS[name].parameters.model_validate(values)


__all__ = [
    "TASKS",
    "FloorTask",
    "Observation",
    "ObservationBlock",
    "ObservationTerm",
    "Rendezvous",
    "RendezvousParams",
    "Task",
    "TaskChoice",
    "TaskParams",
    "TaskType",
    "columns",
    "on_floor",
    "task_type",
]
