"""What robots hear while they train: true but for who is silent, out of range or late."""

from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.tasks import RendezvousParams
from mir2_sim.batched import BatchedWorld, Worlds, torch_task
from mir2_sim.hearing import Heard, Hearing
from mir2_sim.randomisation import Randomisation

WORLDS, ROBOTS = 400, 5
TASK = torch_task("rendezvous", RendezvousParams(robots=ROBOTS, observation="allies"))
NEVER: dict[str, Any] = {
    "silent": 0.0,
    "falls_silent_hz": 0.0,
    "comes_back_hz": 0.0,
    "latest_periods": 0,
    "shortest_range_m": 4.0,
}


def some_hearing(**changes: Any) -> Hearing:
    settings = Randomisation.model_validate({"disturbed": 1.0, **NEVER, **changes})
    return Hearing(settings, TASK, WORLDS, np.random.default_rng(1))


def states(steps: int) -> torch.Tensor:
    rng = np.random.default_rng(2)
    return torch.stack([TASK.asarray(TASK.reset(rng, WORLDS)) for _ in range(steps)])


def begins(step: int) -> torch.Tensor:
    return torch.full((WORLDS,), step == 0)


def test_nothing_is_disturbed_unless_asked_for() -> None:
    assert Randomisation().off
    world = BatchedWorld(TASK, 4, np.random.default_rng(0), Randomisation())
    assert world.heard() == Heard(world.state)
    state = states(1)[0]
    heard = some_hearing().listen(state, begins(0))
    assert heard.present is not None
    assert heard.present.all()
    torch.testing.assert_close(heard.observed(TASK), TASK.observe(state))


def test_silence_lasts_for_an_episode_or_comes_and_goes() -> None:
    always, now_and_then = some_hearing(silent=0.6), some_hearing(falls_silent_hz=1.0, comes_back_hz=1.0)
    steps = states(30)
    heard = [[hearing.listen(state, begins(step)).present for step, state in enumerate(steps)]
             for hearing in (always, now_and_then)]  # fmt: skip
    lasting, changing = (torch.stack([each[:, 0] for each in part]) for part in heard)  # type: ignore[index]
    assert (lasting == lasting[0]).all()
    assert 0.1 < 1.0 - lasting.double().mean() < 0.2, "half of the worlds, 0.3 of their robots on average"
    flips = (changing[1:] != changing[:-1]).any(dim=0)
    assert 0.4 < flips.double().mean() < 0.6, "half of the worlds"


def test_only_those_in_range_are_heard() -> None:
    state = states(1)[0]
    present = some_hearing(shortest_range_m=0.5).listen(state, begins(0)).present
    assert present is not None
    distance = torch.cdist(state[..., :2], state[..., :2])
    assert present[distance < 0.5].all()
    assert 0.02 < 1.0 - present.double().mean() < 0.3
    farthest_heard = torch.where(present, distance, 0.0).flatten(1).amax(dim=1)
    assert (present == (distance <= farthest_heard[:, None, None])).all()


def test_late_reports_are_true_ones_of_before_and_never_of_another_episode() -> None:
    hearing, steps = some_hearing(latest_periods=2), states(4)
    for step, state in enumerate(steps):
        begun = torch.full((WORLDS,), step in (0, 3))
        believed = hearing.listen(state, begun).believed
        since = [steps[3]] if step == 3 else list(steps[max(0, step - 2) : step + 1])
        matches = torch.stack([(believed == past[:, None]).all(dim=-1) for past in since])
        assert matches.any(dim=0).all()
        own = believed.diagonal(dim1=1, dim2=2).movedim(-1, 1)
        torch.testing.assert_close(own, state)
        if step == 2:
            assert (matches.double().mean(dim=(1, 2, 3)) > 0.1).all()


def test_what_an_ally_might_have_said_instead() -> None:
    heard = some_hearing(silent=0.6, latest_periods=2).listen(states(1)[0], begins(0))
    allies = torch.randint(ROBOTS, (WORLDS,))
    other = heard.retold(allies)
    assert heard.present is not None
    assert other.present is not None
    for world in range(0, WORLDS, 40):
        rest = [robot for robot in range(ROBOTS) if robot != allies[world]]
        torch.testing.assert_close(other.believed[world, :, rest], heard.believed[world, :, rest])
        following = (world + 1) % WORLDS
        torch.testing.assert_close(other.believed[world, :, allies[world]], heard.believed[following, :, allies[world]])
        assert torch.equal(other.present[world, :, allies[world]], heard.present[following, :, allies[world]])


def test_saved_worlds_of_all_sizes_go_on_the_same_way() -> None:
    varied = Randomisation(robots=(2, 4), disturbed=0.7)
    first, other = (Worlds(TASK, 8, np.random.default_rng(seed), varied) for seed in (0, 9))
    sizes = []

    def go_on(worlds: Worlds) -> torch.Tensor:
        world = worlds.draw()
        sizes.append(world.task.params.robots)
        seen = world.heard().observed(world.task)
        world.step(torch.ones(8, sizes[-1], 2))
        return seen

    for _ in range(20):
        go_on(first)
    assert set(sizes) == {2, 3, 4}
    other.load_state_dict(first.state_dict())
    for _ in range(10):
        torch.testing.assert_close(go_on(first), go_on(other), rtol=0, atol=0)


@pytest.mark.parametrize("robots", [(1, 5), (7, 3), (2, 65)])
def test_sizes_that_no_team_has_are_refused(robots: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="from 2 to 64"):
        Randomisation(robots=robots)
