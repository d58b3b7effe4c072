"""Traitors: what a robot that has turned against its team does and reports.

Adding one is a function in `acts` or `reports` and a line here; `mir2 evaluate` and the fault injector then know it by
that name.
"""

from mir2_core.traitors import acts, reports
from mir2_core.traitors.traitor import Traitor

ACTS: dict[str, Traitor] = {
    "stop": acts.stop,
    "freeze": acts.freeze,
    "random": acts.random,
    "reverse": acts.reverse,
    "flee": acts.flee,
}
REPORTS: dict[str, Traitor] = {
    "lie-far-corner": reports.far_corner,
    "lie-circle": reports.circle,
    "lie-random": reports.random,
}
TRAITORS: dict[str, Traitor] = ACTS | REPORTS
