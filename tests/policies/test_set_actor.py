"""One actor for any team: no order, no index, and a bound on what one ally can do to what is pooled."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mir2_core.bundle import PolicyBundle
from mir2_core.deployment import Deployment
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.tasks import RendezvousParams
from mir2_core.vote import voted
from mir2_policies.attacks.victim import TorchVictim
from mir2_policies.bundles.export import export_actor
from mir2_policies.learners.set_actor import SetActor, new_actor, trimmed_mean
from mir2_sim.batched import torch_task

from tests.policies.tiny_run import tiny_config

TASK = torch_task("rendezvous", RendezvousParams(robots=6, observation="allies", horizon=10))


def an_actor(trim: int = 1) -> SetActor:
    torch.manual_seed(3)
    actor = SetActor(TASK.observe, 2, (16,), encoder=12, trim=trim)
    torch.nn.init.normal_(actor.itself)
    return actor.eval()


def some_sight(robots: int, seed: int = 0) -> torch.Tensor:
    """Observations (4, N, O) of teams in which about a third is not heard."""
    rng = np.random.default_rng(seed)
    task = TASK.of_size(robots)
    present = torch.as_tensor(rng.random((4, robots, robots)) < 0.7)
    seen: torch.Tensor = task.observe(task.asarray(task.reset(rng, 4)), present)
    return seen


def test_of_few_it_is_the_mean_and_of_more_it_drops_the_extremes() -> None:
    values = torch.tensor([[5.0], [1.0], [9.0], [2.0], [100.0]])
    found = []
    for heard in range(1, 6):
        present = (torch.arange(5) < heard).float()[:, None]
        found.append(trimmed_mean(values, present, 1).item())
    assert found == [5.0, 3.0, 5.0, 3.5, pytest.approx(16.0 / 3.0)]
    assert trimmed_mean(values, torch.ones(5, 1), 2).item() == 5.0, "the median"
    assert trimmed_mean(values, torch.ones(5, 1), 9).item() == 5.0, "never more than leaves one"
    assert trimmed_mean(values, torch.ones(5, 1), 0).item() == pytest.approx(117.0 / 5.0)


@settings(max_examples=60)
@given(
    honest=st.integers(1, 7),
    liars=st.integers(0, 3),
    absent=st.integers(0, 3),
    seed=st.integers(0, 2**31),
    lie=st.floats(-1e4, 1e4),
)
def test_liars_that_it_trims_leave_it_within_what_the_others_say(
    honest: int, liars: int, absent: int, seed: int, lie: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randn(honest, 5, generator=generator)
    lies = lie * torch.randn(liars, 5, generator=generator)
    values = torch.cat([truth, lies, 1e5 * torch.randn(absent, 5, generator=generator)])
    present = (torch.arange(len(values)) < honest + liars).float()[:, None]
    order = torch.randperm(len(values), generator=generator)
    pooled = trimmed_mean(values[order], present[order], trim=liars)
    if honest + liars > 2 * liars:
        slack = 1e-6 * (1.0 + values.abs().max() * len(values))
        assert (pooled >= truth.amin(dim=0) - slack).all()
        assert (pooled <= truth.amax(dim=0) + slack).all()


@pytest.mark.parametrize("trim", [0, 1, 3])
def test_neither_the_order_of_allies_nor_absent_ones_matter(trim: int) -> None:
    actor, seen = an_actor(trim), some_sight(6)
    own, allies = seen[..., : actor.own_size], seen[..., actor.own_size :].unflatten(-1, (5, actor.ally_size))
    shuffled = torch.cat([own, allies[..., [3, 0, 4, 2, 1], :].flatten(-2)], dim=-1)
    crowd = torch.cat([own, torch.cat([allies, torch.zeros_like(allies)], dim=-2).flatten(-2)], dim=-1)
    for other in (shuffled, crowd):
        torch.testing.assert_close(actor(other), actor(seen))


def test_what_an_absent_ally_says_does_not_matter() -> None:
    actor, seen = an_actor(), some_sight(4)
    ally = slice(actor.own_size, actor.own_size + actor.ally_size)
    gone, said = seen.clone(), seen.clone()
    gone[..., ally] = 0.0
    said[..., ally], said[..., actor.own_size] = 0.7, 0.0
    torch.testing.assert_close(actor(said), actor(gone))


def test_one_ally_of_two_turns_no_number_beyond_what_the_other_and_the_robot_itself_say() -> None:
    actor = an_actor()
    allies = some_sight(3)[0, 0, actor.own_size :].unflatten(-1, (2, actor.ally_size))
    allies[:, 0] = 1.0
    lies = torch.rand(200, 1, actor.ally_size) * 2.0 - 1.0
    lies[..., 0] = 1.0
    pooled = actor.pooled(torch.cat([allies[:1].expand(200, 1, -1), lies], dim=1))
    honest = torch.stack([actor.encoder(allies[0, 1:]).relu(), actor.itself])
    assert (pooled >= honest.amin(dim=0) - 1e-5).all()
    assert (pooled <= honest.amax(dim=0) + 1e-5).all()


@pytest.mark.parametrize("trim", [0, 1, 3])
def test_its_bundle_serves_any_team(trim: int, tmp_path: Path) -> None:
    actor, path = an_actor(trim), tmp_path / "any.onnx"
    export_actor(actor, TASK, tiny_config("maddpg", trim=trim), {}, path)
    bundle = PolicyBundle.load(path)
    assert bundle.metadata.schema_version == 2
    assert bundle.metadata.ally_terms[0].name == "present"
    victim = TorchVictim(bundle)
    for robots in (2, 3, 10, 64):
        seen = some_sight(robots)
        rows = seen.flatten(0, 1)
        with torch.no_grad():
            np.testing.assert_allclose(bundle.act(rows.numpy()), actor(rows).numpy(), atol=1e-5)
            torch.testing.assert_close(victim(seen), actor(seen), atol=1e-5, rtol=0)
        assert bundle.of_size(robots).task().params.robots == robots
        team = [{"name": f"robot_{index}", "kind": "epuck2_point"} for index in range(robots)]
        roster = {"arena": {"size_m": 2.0}, "task": "rendezvous", "policy": str(path), "rate_hz": 10.0, "robots": team}
        assert Deployment.check(Roster.model_validate(roster), bundle).task.params.robots == robots


def test_a_bundle_votes_where_it_or_the_roster_says_so(tmp_path: Path) -> None:
    actor, path, plain = an_actor(), tmp_path / "voting.onnx", tmp_path / "plain.onnx"
    config = tiny_config("maddpg", final_evaluation_episodes=2)
    export_actor(actor, TASK, config, {}, path, vote=1)
    export_actor(actor, TASK, config, {}, plain)
    bundle, rows = PolicyBundle.load(path), some_sight(7).flatten(0, 1)
    with torch.no_grad():
        expected = voted(TASK.xp, actor, rows, (actor.own_size, actor.ally_size), 1)
        torch.testing.assert_close(TorchVictim(bundle)(rows), expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(bundle.act(rows.numpy()), expected.numpy(), atol=1e-5)
    assert np.abs(expected.numpy() - PolicyBundle.load(plain).act(rows.numpy())).max() > 1e-3
    team = [{"name": f"robot_{index}"} for index in range(5)]
    roster = Roster.model_validate({"arena": {"size_m": 2.0}, "policy": str(plain), "vote": 1, "robots": team})
    voting = Deployment.check(roster, PolicyBundle.load(plain)).policy
    np.testing.assert_allclose(voting.act(rows.numpy()), bundle.act(rows.numpy()), atol=1e-6)


def test_a_policy_that_needs_every_ally_cannot_vote(make_bundle, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match="cannot vote"):
        PolicyBundle.load(make_bundle()).voting(1)
    config = tiny_config("maddpg")
    task = torch_task("rendezvous", config.task_parameters)
    with pytest.raises(UserError, match="--vote is 1, but the policy of 'maddpg' needs every ally"):
        export_actor(new_actor(config, task), task, config, {}, tmp_path / "policy.onnx", vote=1)


def test_a_policy_for_one_size_is_refused_for_another(make_bundle) -> None:  # type: ignore[no-untyped-def]
    bundle = PolicyBundle.load(make_bundle())
    assert bundle.of_size(10).task().params.robots == 10
    with pytest.raises(UserError, match=r"task_parameters\.robots is 10 in the policy but 5 here"):
        bundle.of_size(5)
