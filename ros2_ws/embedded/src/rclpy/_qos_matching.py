"""Which profiles of publishers and subscriptions fit each other."""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from .duration import Duration, Infinite
from .qos import (
    DeadlineBestAvailable,
    DurabilityPolicy,
    LivelinessPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)

Finding = tuple[QoSCompatibility, str]
DURATIONS = ("deadline", "liveliness_lease_duration")


class Policy(NamedTuple):
    """A policy with a strong and a weak value; a strong request needs a strong offer."""

    name: str
    strong: Any
    weak: Any
    label: str  # as ROS 2 writes it
    asks_strong: str
    offers_weak: str
    conflict: str


POLICIES = [
    Policy(
        "reliability",
        ReliabilityPolicy.RELIABLE,
        ReliabilityPolicy.BEST_EFFORT,
        "reliability",
        "Reliable subscription, but publisher",
        "Best effort publisher",
        "Best effort publisher and reliable subscription",
    ),
    Policy(
        "durability",
        DurabilityPolicy.TRANSIENT_LOCAL,
        DurabilityPolicy.VOLATILE,
        "durabilty",  # sic
        "Transient local subscription, but publisher",
        "Volatile publisher",
        "Volatile publisher and transient local subscription",
    ),
    Policy(
        "liveliness",
        LivelinessPolicy.MANUAL_BY_TOPIC,
        LivelinessPolicy.AUTOMATIC,
        "liveliness",
        "Subscription's liveliness is manual by topic, but publisher's",
        "Publisher's liveliness is automatic",
        "Publisher's liveliness is automatic and subscription's is manual by topic",
    ),
]


def undecided(profile: QoSProfile) -> list[str]:
    """Names of the policies that are BEST_AVAILABLE."""
    found = [p.name for p in POLICIES if getattr(profile, p.name) == type(p.strong).BEST_AVAILABLE]
    return found + [name for name in DURATIONS if getattr(profile, name) == DeadlineBestAvailable]


def best_available(profile: QoSProfile, others: list[QoSProfile], *, for_subscription: bool) -> QoSProfile:
    """The profile with what is undecided chosen to fit the endpoints at the other end of the topic.

    A publisher offers as much as it can; a subscription requests as much as all publishers of the moment offer.
    """
    chosen, names = copy.copy(profile), undecided(profile)
    for policy in (policy for policy in POLICIES if policy.name in names):
        offered = [getattr(other, policy.name) == policy.strong for other in others]
        strong = all(offered) if for_subscription else policy.name != "liveliness" or any(offered)
        setattr(chosen, policy.name, policy.strong if strong else policy.weak)
    for name in (name for name in DURATIONS if name in names):
        finite = [duration.nanoseconds for other in others if (duration := getattr(other, name)) != Infinite]
        limit = (max if for_subscription else min)(finite, default=0)
        setattr(chosen, name, Duration(nanoseconds=limit))
    return chosen


def findings(offered: QoSProfile, requested: QoSProfile) -> Iterator[Finding]:
    """What keeps, or depending on the middleware's defaults may keep, two endpoints from being matched."""
    for policy in POLICIES:
        yield from _policy(policy, getattr(offered, policy.name), getattr(requested, policy.name))
    deadline = (
        "Subscription has a deadline, but publisher does not",
        "Subscription deadline is less than publisher deadline",
    )
    yield from _duration(offered.deadline, requested.deadline, *deadline)
    yield from _duration(
        offered.liveliness_lease_duration,
        requested.liveliness_lease_duration,
        "Subscription has a liveliness lease duration, but publisher does not",
        "Subscription liveliness lease duration is less than publisher",
    )


def _policy(policy: Policy, offered: Any, requested: Any) -> Iterator[Finding]:
    warning = QoSCompatibility.WARNING
    if offered == policy.strong or requested == policy.weak:
        return
    if offered == policy.weak and requested == policy.strong:
        yield QoSCompatibility.ERROR, policy.conflict
    elif offered == policy.weak:
        owner = "subscription's" if policy.name == "liveliness" else "subscription"
        yield warning, f"{policy.offers_weak}, but {owner} is system_default"
    elif requested == policy.strong:
        yield warning, f"{policy.asks_strong} is system_default"
    else:
        end = f"subscription {policy.name} is system_default"
        yield warning, f"Publisher {policy.label} is system_default and {end}"


def _duration(offered: Duration, requested: Duration, absent: str, too_long: str) -> Iterator[Finding]:
    if requested.nanoseconds and not offered.nanoseconds:
        yield QoSCompatibility.ERROR, absent
    elif requested.nanoseconds and offered > requested:
        yield QoSCompatibility.ERROR, too_long
