"""Threats: what a trained traitor is after."""

from typing import NamedTuple


class Threat(NamedTuple):
    """Whether a traitor lies about its pose, and whose return it works against."""

    lies: bool
    benign_only: bool


THREATS: dict[str, Threat] = {
    "published": Threat(lies=False, benign_only=False),
    "saboteur": Threat(lies=False, benign_only=True),
    "liar": Threat(lies=True, benign_only=True),
}
