"""What happened in a run, in plain words."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

MISSED_SHARE = 0.05  # of all commands: more are worth a word


def in_words(metrics: Mapping[str, Any]) -> list[str]:
    """Sentences on a run, from the figures of its `metrics.json`."""
    if not metrics["steps"]:
        return ["Nothing was recorded."]
    return [
        _meeting(metrics), *_vote(metrics), *_faults(metrics), _gates(metrics), _returns(metrics), *_lateness(metrics)
    ]  # fmt: skip


def _meeting(metrics: Mapping[str, Any]) -> str:
    benign = metrics["robots"] - len(metrics["compromised"])
    who = f"The {benign} loyal robots" if metrics["compromised"] else f"All {benign} robots"
    enough = f"{metrics['rendezvous_m']:.2f} m counts as met"
    if benign < 2:
        return "Too few robots were loyal for a meeting."
    met_s, widest_m = metrics["time_to_rendezvous_s"], metrics["final_benign_max_distance_m"]
    if met_s is not None:
        return f"{who} met after {met_s:.1f} s; at the end the widest pair stands {widest_m:.2f} m apart ({enough})."
    return f"{who} have not met: at the end the widest pair stands {widest_m:.2f} m apart ({enough})."


def _vote(metrics: Mapping[str, Any]) -> list[str]:
    liars = metrics["vote"]
    return [f"The robots voted, to withstand {liars} liar{'s' * (liars > 1)}."] if liars else []


def _faults(metrics: Mapping[str, Any]) -> list[str]:
    lines = []
    for fault in metrics["faults"]:
        name, _, times = fault.rpartition("@")
        robot, start_s, *duration_s = times.split(":")
        until = f"for {float(duration_s[0]):g} s" if duration_s else "to the end"
        lines.append(f"{robot} was compromised from second {float(start_s):g} {until}: {name}.")
    return lines or ["Nobody was compromised."]


def _gates(metrics: Mapping[str, Any]) -> str:
    total: Counter[str] = Counter()
    for counts in metrics["gate_interventions"].values():
        total.update(counts)
    if not total:
        return "The gates let every command through as it was."
    decisions = metrics["steps"] * metrics["robots"]
    shares = (f"{reason} in {100.0 * count / decisions:.0f} %" for reason, count in total.most_common())
    return f"The gates changed commands: {', '.join(shares)} of all robots' steps."


def _returns(metrics: Mapping[str, Any]) -> str:
    return f"Return of the team: {metrics['team_return']:.2f} in {metrics['time_s']:g} s."


def _lateness(metrics: Mapping[str, Any]) -> list[str]:
    share = metrics["missed_deadlines"] / (metrics["steps"] * metrics["robots"])
    if share <= MISSED_SHARE:
        return []
    return [
        f"{100.0 * share:.0f} % of all commands came later than a control period, or never. If no robot was broken,"
        " this machine is too slow for the run in real time: mode:=lockstep waits for everybody,"
        " robots_per_process:=10 and record:=false cost less."
    ]
