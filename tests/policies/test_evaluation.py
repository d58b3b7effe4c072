"""Figures of an evaluation against values worked out by hand, and the report that shows them."""

import base64
import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.files import writable_folder
from mir2_core.tasks import Rendezvous, RendezvousParams
from mir2_core.traitors import TRAITORS
from mir2_core.traitors.reports import Offset
from mir2_policies.cli.main import parser
from mir2_policies.cli.options import read_numbers
from mir2_policies.evaluation.episodes import Episodes, bundle_act, run_episodes
from mir2_policies.evaluation.information import NOISE, Samples, estimate, interaction
from mir2_policies.evaluation.measure import (
    Scenario,
    Settings,
    bundle_task,
    check_comparable,
    play,
    policy_names,
    rendezvous,
    scripted_scenarios,
)
from mir2_policies.evaluation.plots import plot_paths
from mir2_policies.evaluation.report import markdown, write_report
from mir2_policies.evaluation.statistics import (
    interquartile_mean,
    iqm_interval,
    mean_interval,
    probability_of_improvement,
)
from mir2_policies.evaluation.table import Measurement, Table, rank, read_table, summarise

from tests.bundles import write_centroid_bundle

ZOO = Path(__file__).parents[2] / "policies" / "zoo"

MakeBundle = Callable[..., Path]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_interquartile_mean_leaves_out_a_quarter_at_either_end() -> None:
    assert interquartile_mean([0, 1, 2, 3, 4, 5, 6, 100]) == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert interquartile_mean([[1, 2, 3], [4, 5, 6]], axis=1) == pytest.approx([2, 5])


def test_probability_of_improvement_counts_pairs() -> None:
    # 2 beats 1 and ties with 2, 3 beats both: 3.5 of 4; in the other condition 5 loses to 6.
    assert probability_of_improvement([[2, 3], [5, 5]], [[1, 2], [6, 6]]).value == pytest.approx(0.5 * (3.5 / 4 + 0.0))
    assert probability_of_improvement([[2, 3]], [[0, 1]]) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="the same ones are needed"):
        probability_of_improvement([[1], [2]], [[1]])


def test_a_run_is_drawn_with_all_of_its_scores() -> None:
    found = iqm_interval([[-1, -2, -3], [-1, -2, -3], [-1, -2, -3]])
    assert found.value == -2.0
    assert (found.low, found.high) == (-3.0, -1.0), "more conditions make no more runs"
    assert iqm_interval([[1.0], [3.0]]) == (2.0, 2.0, 2.0)
    with pytest.raises(ValueError, match="a score of every run"):
        iqm_interval([[1.0], []])


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    intervals = [mean_interval(rng.exponential(size=100), seed) for seed in range(200)]
    covered = np.mean([low <= 1.0 <= high for _, low, high in intervals])
    assert 0.88 <= covered <= 0.99
    width = np.mean([high - low for _, low, high in intervals])
    assert width == pytest.approx(2 * 1.96 / np.sqrt(100), rel=0.15)


def test_information_of_normal_variables() -> None:
    """Linear in x with noise: both estimates have a closed form."""
    rng = np.random.default_rng(0)

    def samples() -> Samples:
        seen = rng.standard_normal((8000, 5))
        return Samples(seen, 0.3 * seen[:, :2])

    ratio = (0.3 / NOISE) ** 2  # signal over noise, for each of two components
    found = estimate(samples(), samples())
    assert found.gaussian_nats == pytest.approx(np.log(1 + ratio), rel=0.03)
    assert found.club_nats == pytest.approx(2 * ratio, rel=0.1)
    blind = estimate(samples(), Samples(rng.standard_normal((8000, 5)), np.zeros((8000, 2))))
    assert blind.gaussian_nats < 0.0, "a prediction that does not fit is worse than none"


def test_information_ignores_walls_and_index(make_bundle: MakeBundle) -> None:
    bundle = PolicyBundle.load(make_bundle())
    task = Rendezvous(RendezvousParams())
    record = play(bundle, Scenario("clean"), 8, 0)
    assert interaction(task, record).gaussian_nats > 0.5
    still = record._replace(actions=np.zeros_like(record.actions))
    assert interaction(task, still).gaussian_nats < 0.05


def test_information_and_paths_of_lies_that_differ(make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = PolicyBundle.load(make_bundle("three.onnx", robots=3))
    task = bundle_task(bundle)
    liar = run_episodes(task, bundle_act(bundle), 8, 0, robots=(1,), traitor=TRAITORS["lie-circle"])
    told = np.repeat(liar.reported[:, :, :, None], 3, axis=3)
    each = liar._replace(reported=told)
    assert interaction(task, each) == interaction(task, liar)
    plot_paths([("each", each), ("all", liar)], 2.0, tmp_path / "paths.png")
    assert (tmp_path / "paths.png").stat().st_size > 0


def widths(*columns: list[float]) -> Episodes:
    values = np.array(columns).T
    steps, worlds = len(values) - 1, values.shape[1]
    zeros = np.zeros((steps, worlds))
    poses, told = np.zeros((steps + 1, worlds, 3, 3)), np.zeros((steps, worlds, 0, 3))
    going = np.ones((steps, worlds), bool)
    return Episodes((), poses, told, np.zeros((steps, worlds, 3, 2)), going, zeros, zeros, values)


def test_time_to_rendezvous_and_success() -> None:
    record = widths([0.5, 0.09, 0.2, 0.05], [0.5, 0.4, 0.08, 0.3], [0.5, 0.5, 0.5, 0.5])
    times, success = rendezvous(record, dt_s=0.1)
    assert times == pytest.approx([0.1, 0.2, 0.3])
    assert success.tolist() == [True, False, False]
    record.going[2, 1] = False  # over after two steps, while together
    assert rendezvous(record, dt_s=0.1)[1].tolist() == [True, True, False]


def measured(policy: str, seed: int, condition: str, robots: list[int], benign: list[float]) -> Measurement:
    return Measurement(
        policy=policy,
        file=f"{policy}-{seed}.onnx",
        seed=seed,
        condition=condition,
        robots=robots,
        team_returns=[2 * value for value in benign],
        benign_returns=benign,
        loyal_returns=[-10.0] * len(benign),
        rendezvous_s=5.0,
        success_rate=0.75,
        gaussian_nats=1.25,
        club_nats=3.0,
    )


@pytest.fixture
def table() -> Table:
    rows = []
    for seed, base in enumerate((-11.0, -12.0, -16.0)):
        rows.append(measured("mir2", seed, "clean", [], [-10.0, -10.0]))
        rows += [measured("mir2", seed, "flee", [robot], [base - robot, base - robot]) for robot in (0, 4)]
    rows.append(measured("<b>rule", 0, "flee", [0], [-13.0, -15.0]))
    rows.append(measured("<b>rule", 0, "flee", [0, 4], [-20.0, -20.0]))
    return Table(
        task="rendezvous", task_parameters=RendezvousParams().model_dump(), episodes=2, seeds=[0], measurements=rows
    )


def test_summaries_by_hand(table: Table) -> None:
    found = {(row.policy, row.condition): row for row in summarise(table)}
    flee = found["mir2", "flee"]
    # Scores -11, -12, -16 with robot 0 and 4 less each with robot 4: the middle four of six.
    assert flee.benign.value == pytest.approx((-12 - 16 - 15 - 16) / 4)
    assert flee.gap.value == pytest.approx(flee.benign.value * -1 - 10)
    assert flee.worst_benign == pytest.approx((-15 - 16 - 20) / 3)
    assert (flee.runs, flee.success_rate, flee.gaussian_nats) == (3, 0.75, 1.25)
    rule = found["<b>rule", "flee"]
    assert (rule.runs, rule.benign.value) == (1, -14.0)
    assert rule.benign.low == -15.0
    assert rule.benign.high == -13.0
    assert ("<b>rule", "flee, 2 traitors") in found
    assert ("<b>rule", "clean") not in found


def test_ranks_by_hand(table: Table) -> None:
    best, last = rank(table)
    assert (best.policy, last.policy) == ("mir2", "<b>rule")
    # Only robot 0's flight was measured for both: -11 and -12 are above -14, -16 is not.
    chance, chance_back = best.improvement["<b>rule"], last.improvement["mir2"]
    assert chance is not None
    assert chance_back is not None
    assert chance.value == pytest.approx(2 / 3)
    assert chance_back.value == pytest.approx(1 / 3)
    assert chance.low == 0.0
    assert chance.high == 1.0


def test_a_table_comes_back_as_it_was(table: Table, tmp_path: Path) -> None:
    table.write(tmp_path / "table.json")
    assert read_table(tmp_path / "table.json") == table
    (tmp_path / "table.json").write_text('{"task": 3}')
    with pytest.raises(UserError, match=r"table\.json: task:"):
        read_table(tmp_path / "table.json")


def test_the_report_needs_nothing_beside_it(table: Table, make_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = PolicyBundle.load(make_bundle())
    episodes = [("centroid, clean", play(bundle, Scenario("clean"), 1, 0))]
    write_report(table, episodes, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)"', page)
    assert [name for name, _ in pictures] == ["Returns", "Robustness gap", "Paths of one episode"]
    for (_, data), file in zip(pictures, ("returns.png", "gap.png", "paths.png"), strict=True):
        assert base64.b64decode(data) == (tmp_path / "out" / file).read_bytes()
        assert base64.b64decode(data).startswith(b"\x89PNG")
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "&lt;b&gt;rule" in page
    assert "<b>rule" not in page
    text = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert text == markdown(table)
    assert (
        "| <b>rule | flee | 1 | −28.00 [−30.00, −26.00] | −14.00 [−15.00, −13.00] | −14.00 | 4.00 [3.00, 5.00]" in text
    )
    assert not list((tmp_path / "out").glob("*.partial"))


def evaluate(*arguments: object) -> int:
    parsed = parser().parse_args(["evaluate", *map(str, arguments), "--quiet"])
    status: int = parsed.run(parsed)
    return status


def test_the_command_measures_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = write_centroid_bundle(tmp_path / "rule.onnx")
    arguments = (
        "--conditions",
        "clean,flee",
        "--robots",
        "0,4",
        "--traitors",
        "1..2",
        "--episodes",
        8,
        "--seeds",
        "0,1",
    )
    assert evaluate(bundle, *arguments, "--output", tmp_path / "out") == 0
    printed = json.loads(capsys.readouterr().out)
    table = read_table(Path(printed["table"]))
    assert [row.label for row in table.measurements] == ["clean", "flee", "flee", "flee, 2 traitors"]
    assert [row.robots for row in table.measurements] == [[], [0], [4], [0, 4]]
    clean, flee = table.measurements[0], table.measurements[1]
    assert len(clean.team_returns) == 16
    assert clean.team_returns == clean.benign_returns == clean.loyal_returns
    assert np.mean(flee.team_returns) < np.mean(flee.benign_returns) < np.mean(flee.loyal_returns)
    assert evaluate(bundle, "--episodes", 8, "--seed", 0) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["return_mean"] == pytest.approx(np.mean(clean.team_returns[:8]), abs=1e-3)


def test_names_tell_settings_apart(make_bundle: MakeBundle) -> None:
    paths = [
        make_bundle(f"{number}.onnx", seed=seed, training_config={"seed": seed, "weight": weight})
        for number, (seed, weight) in enumerate([(0, 0.1), (1, 0.1), (0, 0.2)])
    ]
    names = policy_names([PolicyBundle.load(path).metadata for path in paths])
    assert names == ["centroid (weight 0.1)", "centroid (weight 0.1)", "centroid (weight 0.2)"]
    metadata = [PolicyBundle.load(path).metadata for path in paths[:2]]
    assert policy_names(metadata) == ["centroid", "centroid"]
    assert policy_names([metadata[0], metadata[1].model_copy(update={"vote": 1})]) == ["centroid", "centroid (vote 1)"]


def test_a_condition_may_have_parameters() -> None:
    near, far = scripted_scenarios(Settings(conditions=("offset:{x_m: 0.1}", "offset:{x_m: 0.5}")))
    assert (near.condition, near.traitor, far.traitor) == ("offset:{x_m: 0.1}", Offset(x_m=0.1), Offset(x_m=0.5))


def test_every_set_of_traitors_is_tried() -> None:
    settings = Settings(conditions=("clean", "stop"), robots=(0, 4, 9), traitors=(1, 3))
    assert [each.robots for each in scripted_scenarios(settings)] == [(), (0,), (4,), (9,), (0, 4, 9)]
    assert read_numbers("0,4..6", "--robots") == (0, 4, 5, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--conditions", "fle"), "unknown condition 'fle'; valid: .*did you mean 'flee'"),
        (("--conditions", ","), "--conditions is empty"),
        (
            ("--conditions", "clean,silence"),
            "'silence' spoils messages, .*--runtime ros.*fault:=silence@robot_0",
        ),
        (("--conditions", "offset:{x_m: 99}"), "--conditions: .*x_m is 99; allowed: a number from -10 to 10"),
        (("--robots", "0,0"), "--robots: 0, 0 names something twice"),
        (("--robots", "x"), "--robots is 'x'"),
        (("--robots", "12"), "robot 12 cannot be a traitor"),
        (("--traitors", "2"), "--traitors: 2 of the 1 named by --robots"),
        (("--episodes", "1"), "--episodes is 1"),
    ],
)
def test_mistakes_on_the_command_line(
    arguments: tuple[str, str], message: str, make_bundle: MakeBundle, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        evaluate(make_bundle(), *arguments, "--output", tmp_path / "out")


def test_policies_that_cannot_be_compared(make_bundle: MakeBundle, tmp_path: Path) -> None:
    ten, three = make_bundle(), write_centroid_bundle(tmp_path / "three.onnx", robots=3)
    with pytest.raises(UserError, match=r"three\.onnx: cannot be compared with .*robots is 3 there and 10 here"):
        evaluate(ten, three, "--output", tmp_path / "out")
    with pytest.raises(UserError, match="name each policy once"):
        evaluate(ten, ten, "--output", tmp_path / "out")
    with pytest.raises(UserError, match="2 policies need --output"):
        evaluate(ten, three)
    with pytest.raises(UserError, match="no policy to evaluate"):
        check_comparable([])


def test_an_adversary_of_another_victim(make_bundle: MakeBundle, tmp_path: Path) -> None:
    info = {"victim": "other.onnx", "victim_sha256": "0a" * 32, "threat": "saboteur", "lies": False, "robots": [0]}
    adversary = make_bundle("adversary.onnx", adversary=info)
    with pytest.raises(UserError, match=r"adversary.onnx: trained against 'other.onnx' .* not among the policies"):
        evaluate(make_bundle(), "--adversaries", adversary, "--output", tmp_path / "out")
    with pytest.raises(UserError, match="a policy, not an adversary"):
        evaluate(make_bundle(), "--adversaries", make_bundle("second.onnx", seed=5), "--output", tmp_path / "out")


def test_an_adversary_of_this_victim(tmp_path: Path, capsys: Any) -> None:
    victim, adversary = ZOO / "rendezvous-mir2_states-10.onnx", ZOO / "adversaries/mir2_states-10-saboteur-4.onnx"
    out = tmp_path / "out"
    evaluate(victim, "--adversaries", adversary, "--conditions", "clean", "--episodes", 4, "--output", out)
    _, attacked = read_table(out / "table.json").measurements
    assert (attacked.condition, attacked.robots) == ("trained saboteur", [4])
    assert (np.array(attacked.benign_returns) < attacked.loyal_returns).all()
    with pytest.raises(UserError, match="a second 'trained saboteur' as robots"):
        evaluate(victim, "--adversaries", adversary, adversary, "--output", out)


def test_folders_that_cannot_be_written(
    table: Table, make_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", Path("/proc/out")):
        with pytest.raises(UserError, match=r"cannot be written .*choose a place that you may write to"):
            evaluate(make_bundle(), "--output", folder)
    writable_folder(tmp_path / "out")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"No space left on device.*free some space"):
        write_report(table, [], tmp_path / "out")


def test_a_disturbed_return_is_that_of_the_same_starts_and_says_what_disturbed_it(
    make_bundle: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["evaluate", str(make_bundle(robots=3)), "--episodes", "4"]

    def measured(*options: str) -> dict[str, Any]:
        arguments = parser().parse_args([*given, *options])
        arguments.run(arguments)
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    assert measured("--disturbance", "ideal") == measured()
    harsh = measured("--disturbance", "harsh")
    assert harsh == measured("--disturbance", "harsh")
    assert harsh["disturbance"] == "harsh"
    assert harsh["return_mean"] != measured()["return_mean"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--output", "report"), "--disturbance is for the clean return"),
        (("--runtime", "ros", "--output", "report"), "disturbance:=NAME"),
    ],
)
def test_only_a_clean_return_can_be_disturbed(options: tuple[str, ...], words: str) -> None:
    arguments = parser().parse_args(["evaluate", "policy.onnx", "--disturbance", "lab", *options])
    with pytest.raises(UserError, match=words):
        arguments.run(arguments)
