"""Checks of the environment variables by which ROS 2 nodes find each other."""

import os

from mir2_core.errors import UserError, nearest

HIGHEST_DOMAIN = 232
RANGES = ("SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT")


def check_environment() -> None:
    """Raise `UserError` for a value that ROS 2 would refuse in every process anew."""
    domain = os.environ.get("ROS_DOMAIN_ID", "")
    if domain and not (domain.isdecimal() and int(domain) <= HIGHEST_DOMAIN):
        raise UserError(f"ROS_DOMAIN_ID is '{domain}'; allowed: a whole number from 0 to {HIGHEST_DOMAIN}")
    discovery = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "")
    if discovery and discovery.upper() not in RANGES:
        raise UserError(f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{discovery}'; {nearest(discovery.upper(), RANGES)}")
