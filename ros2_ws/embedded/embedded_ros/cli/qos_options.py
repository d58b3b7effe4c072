"""The options --qos-…"""

import argparse

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPresetProfiles, QoSProfile, ReliabilityPolicy

from .verbs import Argument, argument, natural

_POLICIES = {"history": HistoryPolicy, "reliability": ReliabilityPolicy, "durability": DurabilityPolicy}


def qos_options(default: str) -> list[Argument]:
    """Return the options; `default` names the preset profile."""
    profiles = QoSPresetProfiles.short_keys()
    return [
        argument("--qos-profile", choices=profiles, default=default, help=f"preset (default: {default})"),
        argument("--qos-depth", type=natural, metavar="N", help="length of the queue"),
        *(
            argument(f"--qos-{name}", choices=policy.short_keys(), help=f"{name} instead of the preset's")
            for name, policy in _POLICIES.items()
        ),
    ]


def is_chosen(args: argparse.Namespace) -> bool:
    """Return whether any option but the preset was given."""
    return any(getattr(args, f"qos_{name}") is not None for name in [*_POLICIES, "depth"])


def chosen_qos(args: argparse.Namespace) -> QoSProfile:
    """Return the preset with the options on top."""
    profile = QoSPresetProfiles.get_from_short_key(args.qos_profile)
    for name, policy in _POLICIES.items():
        if (key := getattr(args, f"qos_{name}")) is not None:
            setattr(profile, name, policy.get_from_short_key(key))
    if args.qos_depth is not None:
        profile.depth = args.qos_depth
    elif profile.durability == DurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile
