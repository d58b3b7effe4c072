"""Harms real swarms in every way of `tests.chaos.kinds` and reports who survived: `make chaos`."""

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from tests.chaos.judge import Outcome, load, run
from tests.chaos.kinds import KINDS
from tests.chaos.trial import Setting


def main() -> int:
    """Run trials, print each as it ends, and write the table."""
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…", description=__doc__)
    parser.add_argument("--trials", type=int, default=3, help="of each kind (3)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the first trial (drawn)")
    parser.add_argument("--only", default="", help="kinds whose name holds this regular expression")
    parser.add_argument("--robots", type=int, default=5, help="team size (5)")
    parser.add_argument("--backend", default="pybullet", help="pybullet or kinematic (pybullet)")
    parser.add_argument("--duration", type=float, default=20.0, help="of a run, s (20)")
    parser.add_argument("--policy", default="", help="bundle or name of a shipped policy; a rule unless given")
    parser.add_argument("--report", type=Path, help="also write the table to this file")
    parser.add_argument("--keep", type=Path, help="folder for the runs of trials that did not survive")
    given = parser.parse_args()
    kinds = [name for name in KINDS if re.search(given.only, name)]
    if not kinds:
        parser.error(f"no kind matches '{given.only}'; there are: {', '.join(KINDS)}")
    setting = Setting(given.robots, given.backend, given.duration, given.policy)
    print(f"seed {given.seed}; {load()}", flush=True)
    outcomes = []
    for number in range(given.trials):
        for kind in kinds:
            with tempfile.TemporaryDirectory() as folder:
                outcome = run(kind, given.seed + number, setting, Path(folder))
                outcomes.append(outcome)
                _say(outcome)
                if outcome.mistakes and given.keep:
                    shutil.copytree(folder, given.keep / f"{kind.replace('/', '')}-{outcome.seed}", dirs_exist_ok=True)
            if given.report:
                given.report.write_text(_table(outcomes, setting, given.seed), encoding="utf-8")
    print(_table(outcomes, setting, given.seed))
    return int(any(outcome.mistakes for outcome in outcomes))


def _say(outcome: Outcome) -> None:
    word = "FAILED" if outcome.mistakes else "survived"
    stood = " ".join(f"{each:.2f}" for each in outcome.stood_s)
    print(f"{word:9} {outcome.kind} (seed {outcome.seed}): {'; '.join(outcome.notes)}"
          f"{f'; stood after {stood} s' if stood else ''}", flush=True)  # fmt: skip
    for mistake in outcome.mistakes:
        print(f"          - {mistake}", flush=True)


def _table(outcomes: list[Outcome], setting: Setting, seed: int) -> str:
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_kind[outcome.kind].append(outcome)
    rows = ["| harm | tried | survived | stood after, s: p50 | p99 | max |", "|---|---|---|---|---|---|"]
    for kind, trials in by_kind.items():
        survived = sum(not each.mistakes for each in trials)
        rows.append(f"| {kind} | {len(trials)} | {survived} | {_quantiles([s for t in trials for s in t.stood_s])} |")
    everything = [s for each in outcomes for s in each.stood_s]
    survived = sum(not each.mistakes for each in outcomes)
    rows.append(f"| all | {len(outcomes)} | {survived} | {_quantiles(everything)} |")
    head = f"{setting.robots} robots, {setting.backend}, {setting.duration_s:g} s a run, seed {seed}; {load()}."
    return "\n".join([head, "", *rows, ""])


def _quantiles(stood_s: list[float]) -> str:
    if not stood_s:
        return "– | – | –"
    p50, p99 = np.percentile(stood_s, [50, 99])
    return f"{p50:.2f} | {p99:.2f} | {max(stood_s):.2f}"


if __name__ == "__main__":
    sys.exit(main())
