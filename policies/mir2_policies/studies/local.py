"""The engine that needs nothing: worker processes of this machine."""

import multiprocessing
import os
import threading
from collections.abc import Collection
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from mir2_core.errors import UserError
from tqdm import tqdm

from mir2_policies.studies.plan import Plan
from mir2_policies.studies.schedule import Unit
from mir2_policies.studies.units import attempt


class Local:
    """At most `jobs` units at a time, each in a process that ends with this one."""

    def __init__(self, study: Path, plan: Plan, jobs: int) -> None:
        self._study, self._plan, self._jobs = study, plan, jobs
        self._workers: list[Worker] = []

    @property
    def under_way(self) -> Collection[Unit]:
        """What was begun and is not finished."""
        return [worker.unit for worker in self._workers if worker.unit]

    @property
    def free(self) -> int:
        """How many units can begin now."""
        return self._jobs - len(self.under_way)

    def begin(self, unit: Unit) -> None:
        """Start on a unit, in a new process if none is idle."""
        idle = next((worker for worker in self._workers if worker.unit is None), None)
        if idle is None:
            idle = Worker(self._study, self._plan)
            self._workers.append(idle)
        idle.begin(unit)

    def finished(self, timeout_s: float) -> list[Unit]:
        """The units that were finished meanwhile; `UserError` if one failed."""
        ready = wait([worker.pipe for worker in self._workers if worker.unit], timeout_s)
        return [worker.finish() for worker in self._workers if worker.pipe in ready]

    def close(self) -> None:
        """End the processes, whatever they do."""
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()


class Worker:
    """A process that carries out one unit after the other; it ends with the process that started it."""

    def __init__(self, study: Path, plan: Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, study, plan), daemon=True)
        self.process.start()
        theirs.close()
        self.unit: Unit | None = None

    def begin(self, unit: Unit) -> None:
        """Start on a unit."""
        self.unit = unit
        self.pipe.send(unit)

    def finish(self) -> Unit:
        """The unit that the worker has reported done; its error, if it failed."""
        unit, self.unit = self.unit, None
        assert unit is not None
        try:
            error = self.pipe.recv()
        except EOFError:
            error = "its process was ended from outside, perhaps for want of memory; resume with fewer --jobs"
        if error:
            raise UserError(f"unit '{unit.path}' failed: {error}")
        return unit


def _work(pipe: "Connection[Any, Any]", study: Path, plan: Plan) -> None:
    """Carry out units as they come in and answer with an error or nothing."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tqdm.set_lock(threading.RLock())  # its own kind outlives a process that is killed
    while True:
        try:
            unit = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send(attempt(study, plan, unit))
        except KeyboardInterrupt:
            return


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
