"""Runs one trial of a kind and judges it."""

import json
import math
import os
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from mir2_policies.evaluation.ros import reserved_domain

from tests.chaos.kinds import EVERYBODY, KINDS, NOBODY, VICTIM, Kind
from tests.chaos.trial import Setting, Trial, orphans, trial, wait_for_the_end
from tests.ros import wait_until

STAND_WITHIN_S = 0.5
HARM_S = (0.5, 3.0)  # after robots have begun to move
MOVES_WITHIN_S = 30.0


@dataclass
class Outcome:
    """What became of a trial, survived without mistakes; `stood_s` of each robot that had to stand."""

    kind: str
    seed: int
    mistakes: list[str] = field(default_factory=list)
    stood_s: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(name: str, seed: int, setting: Setting, folder: Path, *, timed: bool = True) -> Outcome:
    """One launch, harmed once at a time that the seed draws.

    Unless `timed`, nothing is asked that a busy machine could make late: to stand, or to meet, in time.
    """
    kind, outcome = KINDS[name], Outcome(name, seed)
    draw = random.Random(f"{name} {seed}")
    environment = kind.environment | {"CHAOS_CLOCK": str(folder / "clock")}
    with reserved_domain() as domain:
        made = None
        try:
            with trial(folder, domain, setting, draw, environment) as made:
                harmed_s = made.wait_s(*HARM_S)
                outcome.notes += [f"victim {made.victim}", f"harmed {harmed_s:.2f} s after the first line"]
                if kind.stands == VICTIM:
                    wait_until(lambda: made.watcher.moves(made.victim), MOVES_WITHIN_S, "the victim moves")
                moving = [robot for robot in made.names if made.watcher.moves(robot)]
                kind.harm(made)
                status = wait_for_the_end(made)
                if timed:
                    _judge_standing(kind, made, moving, outcome)
                _judge_record(kind, made, status, outcome)
                if timed and kind.met == EVERYBODY and (apart_m := made.apart_m()) >= made.near_m():
                    outcome.mistakes.append(f"{apart_m:.2f} m apart at the end (met: {made.near_m():.2f} m)")
        except (AssertionError, OSError, ValueError, KeyError) as mistake:
            outcome.mistakes.append(f"{type(mistake).__name__}: {mistake}")
        if made is not None:
            outcome.notes += made.notes
            outcome.mistakes += [f"left behind: {line}" for line in orphans(made)]
            (folder / "output.txt").write_text(made.launch.output)
    return outcome


def _judge_standing(kind: Kind, made: Trial, moving: list[str], outcome: Outcome) -> None:
    """Whether those whose command path is broken stand in time; those that stood anyway do not count."""
    must_stand = {NOBODY: [], VICTIM: [made.victim], EVERYBODY: made.names}[kind.stands]
    for robot in set(must_stand) & set(moving):
        stood_s = made.watcher.stood_after_s(robot, made.harmed_s)
        outcome.stood_s.append(stood_s)
        if stood_s > STAND_WITHIN_S:
            outcome.mistakes.append(f"{robot} stood after {stood_s:.2f} s")


def _judge_record(kind: Kind, made: Trial, status: int, outcome: Outcome) -> None:
    """Whether the exit status tells the truth, and the record is complete and names what happened."""
    wrong, output = outcome.mistakes, made.launch.output
    if (status == 0) != kind.whole:
        wrong.append(f"exit status {status}")
    if "Traceback" in output:
        wrong.append("a traceback")
    names = [str(event["event"]) for event in made.events()]
    if kind.named and kind.named not in names:
        wrong.append(f"the record does not say {kind.named}: {sorted(set(names))}")
    if kind.disk_full:
        if "cannot be written" not in output or '"team_return"' not in output:
            wrong.append("no figures on the screen")
        return
    if kind.no_figures:
        return
    if "run_ended" not in names:
        wrong.append("the record has no end")
    metrics = json.loads((made.folder / "metrics.json").read_text())
    wanted = round(made.setting.duration_s * 10)
    if not kind.cut and metrics["steps"] != wanted:
        wrong.append(f"{metrics['steps']} of {wanted} steps")
    if kind.picture and not (made.folder / "run.png").exists():
        wrong.append("no picture")
    if not math.isfinite(metrics["team_return"] or math.nan):
        wrong.append("a return that is no number")


def load() -> str:
    """What else the machine was doing, for the report."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}, commit {commit.stdout.strip() or 'unknown'}"
