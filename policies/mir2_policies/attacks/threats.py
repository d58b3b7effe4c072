"""Threats: what a traitor may do, and whose return it works against."""

from typing import NamedTuple


class Threat(NamedTuple):
    """Whether a traitor lies about its pose, to each robot differently or not, and whose return it works against."""

    lies: bool
    benign_only: bool
    two_faced: bool = False

    def reports(self, team: int) -> int:
        """How many poses one traitor of a team makes up at a time."""
        return (team if self.two_faced else 1) if self.lies else 0


THREATS: dict[str, Threat] = {
    "published": Threat(lies=False, benign_only=False),
    "saboteur": Threat(lies=False, benign_only=True),
    "liar": Threat(lies=True, benign_only=True),
    "two_faced": Threat(lies=True, benign_only=True, two_faced=True),
}
