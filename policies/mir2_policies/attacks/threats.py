"""Threats: what a traitor may do, and whose return it works against."""

from typing import NamedTuple


class Threat(NamedTuple):
    """What a traitor may make up, whose return it works against, and whether robots judge what they hear."""

    lies: bool
    benign_only: bool
    two_faced: bool = False
    plausible: bool = False  # its reports begin at the truth and move no faster than its kind can
    mute: bool = False  # it chooses when to be silent
    tracker: bool = False  # whether, unless told otherwise, victims hear through the `AllyTracker`

    def takes(self, tracker: bool) -> bool:
        """Whether there is such an attack on victims that judge what they hear, or on victims that believe it all."""
        return self.lies or tracker == self.mute

    def reports(self, team: int) -> int:
        """How many poses one traitor of a team makes up at a time."""
        return (team if self.two_faced else 1) if self.lies else 0


THREATS: dict[str, Threat] = {
    "published": Threat(lies=False, benign_only=False),
    "saboteur": Threat(lies=False, benign_only=True),
    "liar": Threat(lies=True, benign_only=True),
    "two_faced": Threat(lies=True, benign_only=True, two_faced=True),
    "plausible_liar": Threat(lies=True, benign_only=True, plausible=True, tracker=True),
    "mute": Threat(lies=False, benign_only=True, mute=True, tracker=True),
}
