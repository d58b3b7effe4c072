"""Carry out a study: units of work spread over worker processes, so that it can be stopped and resumed at any time."""

import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from mir2_core.errors import UserError
from tqdm import tqdm

from mir2_policies.studies.plan import Plan
from mir2_policies.studies.schedule import Unit, units
from mir2_policies.studies.units import carry_out, is_done

REFRESH_S = 0.5
ALMOST = 0.95  # of its expected time is all that a running unit can count


class Worker:
    """A process that carries out one unit after the other; it ends with the process that started it."""

    def __init__(self, study: Path, plan: Plan) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, study, plan), daemon=True)
        self.process.start()
        theirs.close()
        self.unit: Unit | None = None
        self._begun = 0.0

    def begin(self, unit: Unit) -> None:
        """Start on a unit."""
        self.unit, self._begun = unit, time.monotonic()
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

    @property
    def minutes(self) -> float:
        """What the unit under way counts so far."""
        if self.unit is None:
            return 0.0
        return min((time.monotonic() - self._begun) / 60.0, ALMOST * self.unit.minutes)


def run_study(study: Path, plan: Plan, jobs: int, quiet: bool = False) -> None:
    """Do every unit that is not done yet."""
    todo = list(units(plan))
    done = {unit.path: unit for unit in todo if is_done(study, unit)}
    waiting = [unit for unit in todo if unit.path not in done]
    if not waiting:
        return
    workers = [Worker(study, plan) for _ in range(min(jobs, len(waiting)))]
    layout = "{l_bar}{bar}| {elapsed}, {remaining} left{postfix}"
    finished = sum(unit.minutes for unit in done.values())
    total = sum(unit.minutes for unit in todo)
    try:
        with tqdm(total=total, initial=finished, disable=quiet, bar_format=layout) as bar:
            while len(done) < len(todo):
                _hand_out(workers, waiting, done)
                ready = wait([worker.pipe for worker in workers if worker.unit], timeout=REFRESH_S)
                for worker in workers:
                    if worker.pipe in ready:
                        unit = worker.finish()
                        done[unit.path] = unit
                _show(bar, workers, done, len(todo))
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()


def _hand_out(workers: Sequence[Worker], waiting: list[Unit], done: dict[str, Unit]) -> None:
    """Give each idle worker the first unit that can be done."""
    for worker in workers:
        if worker.unit is None:
            unit = next((unit for unit in waiting if all(need in done for need in unit.needs)), None)
            if unit is not None:
                waiting.remove(unit)
                worker.begin(unit)


def _show(bar: "tqdm[Any]", workers: Sequence[Worker], done: dict[str, Unit], count: int) -> None:
    minutes = sum(unit.minutes for unit in done.values()) + sum(worker.minutes for worker in workers)
    under_way = ", ".join(worker.unit.name for worker in workers if worker.unit)
    bar.set_postfix_str(f"{len(done)} of {count} units{under_way and ': '}{under_way}", refresh=False)
    bar.update(max(0.0, minutes - bar.n))
    bar.refresh()


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
            carry_out(study, plan, unit)
            pipe.send("")
        except UserError as error:
            pipe.send(str(error))
        except OSError as error:
            pipe.send(f"{error.filename or study}: {error.strerror or error}")
        except KeyboardInterrupt:
            return
        except Exception:
            pipe.send(f"unforeseen\n{traceback.format_exc()}")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
