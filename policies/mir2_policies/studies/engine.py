"""Carry out a study: units of work on an engine, so that it can be stopped and resumed at any time."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from mir2_policies.studies.plan import Plan
from mir2_policies.studies.schedule import Unit, units
from mir2_policies.studies.units import is_done

REFRESH_S = 0.5
ALMOST = 0.95  # of its expected time is all that a running unit can count


class Engine(Protocol):
    """What carries out units, several at a time."""

    @property
    def under_way(self) -> Collection[Unit]:
        """What was begun and is not finished."""

    @property
    def free(self) -> int:
        """How many units can begin now."""

    def begin(self, unit: Unit) -> None:
        """Start on a unit."""

    def finished(self, timeout_s: float) -> list[Unit]:
        """The units that were finished meanwhile, their folders complete; `UserError` if one failed."""

    def close(self) -> None:
        """Stop whatever is under way."""


def run_study(study: Path, plan: Plan, engine: Engine, quiet: bool = False) -> None:
    """Do every unit that is not done yet, then close the engine."""
    todo = list(units(plan))
    done = {unit.path: unit for unit in todo if is_done(study, unit)}
    waiting = [unit for unit in todo if unit.path not in done]
    begun: dict[str, float] = {}
    layout = "{l_bar}{bar}| {elapsed}, {remaining} left{postfix}"
    finished = sum(unit.minutes for unit in done.values())
    total = sum(unit.minutes for unit in todo)
    try:
        with tqdm(total=total, initial=finished, disable=quiet, bar_format=layout) as bar:
            while len(done) < len(todo):
                for unit in [unit for unit in waiting if all(need in done for need in unit.needs)][: engine.free]:
                    waiting.remove(unit)
                    begun[unit.path] = time.monotonic()
                    engine.begin(unit)
                done |= {unit.path: unit for unit in engine.finished(REFRESH_S)}
                counted = [min((time.monotonic() - begun[u.path]) / 60.0, ALMOST * u.minutes) for u in engine.under_way]
                _show(bar, sum(counted) + sum(unit.minutes for unit in done.values()))
                under_way = ", ".join(unit.name for unit in engine.under_way)
                bar.set_postfix_str(f"{len(done)} of {len(todo)} units{under_way and ': '}{under_way}")
    finally:
        engine.close()


def _show(bar: "tqdm[Any]", minutes: float) -> None:
    bar.update(max(0.0, minutes - bar.n))
    bar.refresh()
