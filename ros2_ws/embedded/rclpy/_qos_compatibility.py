from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .duration import Duration
from .qos import DurabilityPolicy, LivelinessPolicy, QoSCompatibility, QoSProfile, ReliabilityPolicy

Finding = tuple[QoSCompatibility, str]


@dataclass(frozen=True)
class Policy:
    """A policy with a strong and a weak value; a strong request needs a strong offer."""

    name: str
    strong: int
    weak: int
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
