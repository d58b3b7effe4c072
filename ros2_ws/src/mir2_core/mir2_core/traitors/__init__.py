"""Traitors: what a robot that has turned against its team does and reports.

Adding one is a function, or a model of its parameters that can be called, in `acts` or `reports` and a line here; `mir2
evaluate` and the fault injector then know it by that name. Links between loyal robots can be at fault as well.
"""

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from mir2_core.traitors import acts, links, messages, reports
from mir2_core.traitors.parameters import Adversary
from mir2_core.traitors.traitor import Traitor

ACTS: dict[str, Traitor] = {
    "stop": acts.stop,
    "freeze": acts.freeze,
    "random": acts.random,
    "reverse": acts.reverse,
    "flee": acts.flee,
    "chase": acts.chase,
    "circle": acts.Circle(),
    "bias": acts.Bias(),
    "weak-motor": acts.WeakMotor(),
    "delay": acts.Delay(),
    "drop": acts.Drop(),
}
REPORTS: dict[str, Traitor] = {
    "lie-far-corner": reports.far_corner,
    "lie-circle": reports.circle,
    "lie-random": reports.random,
    "offset": reports.Offset(),
    "drift": reports.Drift(),
    "noise": reports.Noise(),
    "frozen": reports.frozen,
    "replayed": reports.Replayed(),
    "mirrored": reports.mirrored,
    "teleport": reports.Teleport(),
    "on-top": reports.OnTop(),
}
MESSAGES: dict[str, Traitor] = {
    "silence": messages.silence,
    "nan": messages.nan,
    "delayed": messages.Delayed(),
    "future": messages.Future(),
    "flood": messages.Flood(),
}
"""Like `REPORTS`, but what is wrong is the message: only the ROS graph has these, evaluation does not."""

LINKS: dict[str, links.LinkFault] = {
    "loss": links.Loss(),
    "latency": links.Latency(),
    "partition": links.Partition(),
}
"""What is wrong is the way of reports from one robot to another; nobody is a traitor."""

TRAINED: dict[str, Adversary] = {"adversary": Adversary()}
"""What `mir2 attack` has written, which changes both commands and reports."""

# What is added to a registry later is in these as well; they list the last of their registries first.
TRAITORS: Mapping[str, Traitor] = ChainMap(REPORTS, ACTS)
ON_ROBOTS: Mapping[str, Traitor] = ChainMap(MESSAGES, REPORTS, ACTS)
FAULTS: Mapping[str, Any] = ChainMap[str, Any](TRAINED, LINKS, MESSAGES, REPORTS, ACTS)
"""What the fault injector knows."""
