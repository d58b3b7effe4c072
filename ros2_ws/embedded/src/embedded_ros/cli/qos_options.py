"""The options --qos-…"""

import argparse
from collections.abc import Sequence
from typing import Any

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPresetProfiles, QoSProfile, ReliabilityPolicy

from .verbs import Argument, argument

_POLICIES = {"history": HistoryPolicy, "reliability": ReliabilityPolicy, "durability": DurabilityPolicy}


def qos_options(default: str) -> list[Argument]:
    """Return the options; `default` names the preset profile."""
    profiles = QoSPresetProfiles.short_keys()
    return [
        argument("--qos-profile", choices=profiles, default=default, help=f"preset (default: {default})"),
        argument("--qos-depth", type=int, metavar="N", help="length of the queue"),
        *(
            argument(f"--qos-{name}", choices=policy.short_keys(), help=f"{name} instead of the preset's")
            for name, policy in _POLICIES.items()
        ),
    ]


def chosen_qos(args: argparse.Namespace) -> QoSProfile:
    """Return the preset with the options on top."""
    profile = QoSPresetProfiles.get_from_short_key(args.qos_profile)
    for name, policy in _POLICIES.items():
        if (key := getattr(args, f"qos_{name}")) is not None:
            setattr(profile, name, policy.get_from_short_key(key))
    if args.qos_depth and args.qos_depth > 0:
        profile.depth = args.qos_depth
    elif profile.durability == DurabilityPolicy.TRANSIENT_LOCAL and profile.depth == 0:
        profile.depth = 1
    return profile


def fitting_qos(args: argparse.Namespace, publishers: Sequence[Any]) -> QoSProfile:
    """Return what the options say or, if there are none but the preset, what suits all the publishers."""
    profile = chosen_qos(args)
    if not publishers or any(getattr(args, f"qos_{name}") is not None for name in [*_POLICIES, "depth"]):
        return profile
    for name, strong, weak in (
        ("reliability", ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT),
        ("durability", DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE),
    ):
        offered = {getattr(info.qos_profile, name) for info in publishers}
        setattr(profile, name, strong if offered == {strong} else weak)
        if len(offered) > 1:
            policy = f"QoS{type(strong).__name__}"
            print(
                f"Some, but not all, publishers are offering {policy}.{strong.name}. "
                f"Falling back to {policy}.{weak.name} as it will connect to all publishers"
            )
    return profile
