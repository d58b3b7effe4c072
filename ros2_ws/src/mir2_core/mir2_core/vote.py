"""Leave-some-out voting: one decision from several parts of the allies, of which liars reach fewer than half."""

from collections.abc import Callable
from typing import Any

from mir2_core.tasks.geometry import Array

MOST_LIARS = 8
HEARD_ABOVE = 0.5  # of an ally's presence


def voted(xp: Any, act: Callable[[Array], Array], observations: Array, sizes: tuple[int, int], liars: int) -> Array:
    """The actions (B, A) of a policy for any team, given observations (B, O) that `sizes` divides into own and allies.

    The allies that are present are dealt out, in order, to 2·`liars` + 1 parts. The policy acts once for each part, as
    if the other allies were absent, and for each number of an action the median counts. As many liars reach at most so
    many parts, fewer than half of them: whatever they say, each number is within the range of the other parts'. A part
    without allies is a robot on its own, whose action no liar reaches either.
    """
    parts = 2 * liars + 1
    actions = act(xp.concatenate(dealt(xp, observations, sizes, parts), axis=0))
    return xp.sort(xp.reshape(actions, (parts, len(observations), -1)), axis=0)[liars]


def dealt(xp: Any, observations: Array, sizes: tuple[int, int], parts: int) -> list[Array]:
    """The observations (B, O) with the allies of each part alone: what each of the votes is given."""
    own, ally = sizes
    told = xp.reshape(observations[:, own:], (len(observations), -1, ally))
    turn = (xp.cumsum(xp.where(told[..., 0] > HEARD_ABOVE, 1.0, 0.0), -1) - 1.0) % parts
    return [
        xp.concatenate(
            [
                observations[:, :own],
                xp.reshape(xp.where((turn == part)[..., None], told, 0.0), (len(observations), -1)),
            ],
            axis=-1,
        )
        for part in range(parts)
    ]
