"""The options --qos-…, and the QoS that fits the publishers of a topic."""

import argparse
from collections.abc import Callable

from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
)

from .verbs import Argument, argument, natural, positive

_POLICIES = {
    "history": HistoryPolicy,
    "reliability": ReliabilityPolicy,
    "durability": DurabilityPolicy,
    "liveliness": LivelinessPolicy,
}


def qos_options(default: str) -> list[Argument]:
    """Return the options; `default` names the preset profile."""
    profiles = QoSPresetProfiles.short_keys()
    return [
        argument("--qos-profile", choices=profiles, default=default, help=f"preset (default: {default})"),
        argument("--qos-depth", type=natural, metavar="N", help="length of the queue"),
        argument("--qos-liveliness-lease-duration-seconds", type=positive, metavar="N", help="lease"),
        *(
            argument(f"--qos-{name}", choices=policy.short_keys(), help=f"{name} instead of the preset's")
            for name, policy in _POLICIES.items()
        ),
    ]


def is_chosen(args: argparse.Namespace) -> bool:
    """Return whether any option but the preset was given."""
    names = [*_POLICIES, "depth", "liveliness_lease_duration_seconds"]
    return any(getattr(args, f"qos_{name}") is not None for name in names)


def chosen_qos(args: argparse.Namespace) -> QoSProfile:
    """Return the preset with the options on top."""
    profile = QoSPresetProfiles.get_from_short_key(args.qos_profile)
    for name, policy in _POLICIES.items():
        if (key := getattr(args, f"qos_{name}")) is not None:
            setattr(profile, name, policy.get_from_short_key(key))
    if args.qos_liveliness_lease_duration_seconds is not None:
        profile.liveliness_lease_duration = Duration(seconds=args.qos_liveliness_lease_duration_seconds)
    if args.qos_depth is not None:
        profile.depth = args.qos_depth
    elif profile.durability == DurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile


def fit_publishers(profile: QoSProfile, node: Node, topic: str, warn: Callable[[str], object]) -> None:
    """Make a profile connect to all publishers of a topic, and as strong as all of them."""
    offered = [info.qos_profile for info in node.get_publishers_info_by_topic(topic)]
    for policy, strong, weak in (
        ("reliability", ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT),
        ("durability", DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE),
    ):
        are_strong = [getattr(qos, policy) == strong for qos in offered]
        if any(are_strong) and not all(are_strong):
            kind = f"QoS{type(strong).__name__}"
            warn(
                f"Some, but not all, publishers are offering {kind}.{strong.name}. "
                f"Falling back to {kind}.{weak.name} as it will connect to all publishers"
            )
        if offered:
            setattr(profile, policy, strong if all(are_strong) else weak)
