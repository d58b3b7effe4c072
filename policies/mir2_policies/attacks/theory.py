"""What a rule can promise on a complete graph, whoever the traitors are.

With W-MSR (LeBlanc et al., 2013) N − F loyal robots agree within the hull of their own values if the graph is (F + 1, F
+ 1)-robust and all hear the same, or if the loyal robots' own graph is (F + 1)-robust and each may hear something else.
A complete graph of n robots is ⌈n / 2⌉-robust, so that these are N ≥ 2F + 1 and N ≥ 3F + 1.
"""

from mir2_policies.attacks.threats import Threat


def robots_needed(traitors: int, threat: Threat) -> int:
    """The smallest team in which loyal robots can be promised to agree."""
    return (3 if threat.two_faced else 2) * traitors + 1


def is_beyond(team: int, traitors: int, threat: Threat) -> bool:
    """Whether no such promise holds."""
    return team < robots_needed(traitors, threat)
