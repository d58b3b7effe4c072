"""The options --qos-…"""

from __future__ import annotations

import argparse

from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSPresetProfiles,
    QoSProfile,
    ReliabilityPolicy,
)

_POLICIES = {
    "history": HistoryPolicy,
    "reliability": ReliabilityPolicy,
    "durability": DurabilityPolicy,
    "liveliness": LivelinessPolicy,
}


def add_qos(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the options; `default` names the preset profile."""
    profiles = QoSPresetProfiles.short_keys()
    parser.add_argument("--qos-profile", choices=profiles, default=default, help=f"preset (default: {default})")
    parser.add_argument("--qos-depth", type=int, metavar="N", help="length of the queue")
    for name, policy in _POLICIES.items():
        parser.add_argument(f"--qos-{name}", choices=policy.short_keys(), help=f"{name} instead of the preset's")
    parser.add_argument("--qos-liveliness-lease-duration-seconds", type=float, metavar="N", help="lease")


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
    if (lease_s := args.qos_liveliness_lease_duration_seconds) is not None and lease_s >= 0:
        profile.liveliness_lease_duration = Duration(seconds=lease_s)
    if args.qos_depth is not None and args.qos_depth >= 0:
        profile.depth = args.qos_depth
    elif profile.durability == DurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile
