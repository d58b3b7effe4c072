"""What a ladder makes of episodes, by hand, and which mistakes it names."""

import numpy as np
import pytest
from mir2_core.tasks import RendezvousParams
from mir2_policies.cli.main import main
from mir2_policies.evaluation.rungs import RUNGS, Outcome, Twins, choose, collisions
from mir2_policies.studies.ladder_report import FIGURES, Ladder, differences, markdown, write_ladder

from tests.bundles import write_adversary_bundle

BENIGN = FIGURES[1]


def outcome(rung, seed, benign, robots=(0,), condition="flee", **more):
    return Outcome(
        rung=rung, policy="mine", file="mine.onnx", condition=condition, robots=list(robots), seed=seed,
        team_return=2.0 * benign, benign_return=benign, success=benign > -10.0, rendezvous_s=-benign, **more,
    )  # fmt: skip


def ladder(episodes, rungs=(0, 1, 3), twins=()):
    params = RendezvousParams(robots=3).model_dump()
    titles = {rung: RUNGS[rung].title for rung in rungs}
    seeds = sorted({each.seed for each in episodes})
    return Ladder(
        task="rendezvous", task_parameters=params, seeds=seeds, rungs=titles, twins=list(twins), episodes=episodes
    )


def test_differences_are_of_the_same_starts():
    benign = {0: [-5.0, -50.0, -9.0], 1: [-6.0, -52.0, -12.0], 3: [-8.0, -56.0]}
    table = ladder([outcome(rung, seed, value) for rung, values in benign.items() for seed, value in enumerate(values)])
    first, second, whole = differences(table)
    assert [each.rungs for each in (first, second, whole)] == [(0, 1), (1, 3), (0, 3)]
    assert first.benign.value == pytest.approx(-2.0)
    assert (first.benign.low, first.benign.high) == pytest.approx((-3.0, -1.0)), "not the spread of starts"
    assert second.benign.value == pytest.approx(-3.0), "of the two starts that both have"
    assert whole.benign.value == pytest.approx(-4.5)
    team, _, success, met_s = first.estimates
    assert (team.value, success.value, met_s.value) == pytest.approx((-4.0, -100.0 / 3.0, 2.0))


def test_places_of_traitors_are_averaged_within_a_start():
    episodes = [outcome(0, 1, -4.0, robots) for robots in ((0,), (1,))] + [outcome(0, 2, -8.0, (0,))]
    estimate = ladder(episodes, rungs=(0,)).estimate("mine", "flee", [0], BENIGN)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((-6.0, -8.0, -4.0))


def test_what_a_rung_does_not_know_is_left_blank_and_one_episode_has_no_interval(tmp_path):
    measured = {
        "collisions": 2,
        "interventions": 7,
        "ally_age_ms_p50": 1.0,
        "ally_age_ms_p99": 30.0,
        "missed_deadlines": 4,
    }
    episodes = [outcome(0, 1, -9.0), outcome(3, 1, -20.5, **measured), outcome(3, 1, -7.0, condition="silence")]
    twins = Twins(rungs=(1, 2), episodes=3, largest=2e-6, equal=False)
    table = ladder(episodes, rungs=(0, 3), twins=[twins])
    lines = markdown(table).splitlines()
    assert "| mine | flee | 0 → 3 | −23.00 | −11.50 | −100 | +11.5 |" in lines
    assert "| mine | flee | 0 training world | −18.00 | −9.00 | 100 | 9.0 |  |  |  |  |  |" in lines
    assert "| mine | flee | 3 in real time, lab | −41.00 | −20.50 | 0 | 20.5 | 2.0 | 7 | 1 | 30 | 4.0 |" in lines
    assert not any("silence | 0" in line for line in lines)
    assert any("ARE NOT EQUAL" in line and "2e-06" in line for line in lines)
    write_ladder(table, tmp_path)
    assert Ladder.model_validate_json((tmp_path / "ladder.json").read_text()) == table
    page = (tmp_path / "ladder.html").read_text()
    assert "data:image/png;base64," in page
    assert 'src="ladder.png' not in page


@pytest.mark.parametrize(("missed", "warned"), [(20, False), (300, True)])
def test_a_machine_that_is_too_slow_is_named(missed, warned):
    late = {"missed_deadlines": missed}  # of 3 robots in 200 steps
    text = markdown(ladder([outcome(0, 1, -9.0), outcome(3, 1, -20.0, **late)], rungs=(0, 3)))
    assert ("ON RUNG 3, 50 % OF ALL DEADLINES WERE MISSED" in text) == warned
    assert "ON RUNG 0" not in text


def test_a_touch_counts_once_until_the_bodies_part():
    near, far = 0.0705, 0.2
    apart_m = [far, near, near, far, near]
    poses = np.array([[[1.0, 1.0, 0.0], [1.0 + gap, 1.0, 0.0]] for gap in apart_m])
    assert collisions(poses, 2.0) == 2
    poses[:, 0, 0] = [0.5, 0.0355, 0.0355, 0.5, 0.5]
    poses[:, 1, 0] = 1.5
    assert collisions(poses, 2.0) == 1, "a wall"


def test_rungs_come_in_order_and_once():
    assert choose((2, 0, 2)) == [0, 2]
    assert choose(None) == list(RUNGS)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rungs", "0..5"), "there is no rung 5; there are 0 (training world), 1 (PyBullet in process)"),
        (("--rungs", ""), "--rungs is empty"),
        (("--rungs", "two"), "--rungs is 'two'"),
        (("--team", "4"), "robots"),
        (("--seeds", "0,0"), "--seeds"),
        (("--conditions", "fleee"), "did you mean 'flee'"),
        (("--robots", "3"), "robot 3 cannot be a traitor"),
        (("--jobs", "0"), "--jobs is 0"),
        (("--adversaries", "LIAR"), "which is not among the policies to evaluate"),
    ],
)
def test_mistakes_are_named_before_anything_is_played(make_bundle, tmp_path, capsys, words, message):
    if "LIAR" in words:
        liar = write_adversary_bundle(tmp_path / "liar.onnx", make_bundle("other.onnx", robots=4), [0], "liar")
        words = ("--adversaries", str(liar))
    bundle = make_bundle(robots=3)
    with pytest.raises(SystemExit) as end:
        main(["ladder", str(bundle), *words, "--output", str(tmp_path / "out"), "--quiet"])
    assert end.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.glob("out/rung-*"))
