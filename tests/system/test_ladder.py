"""`mir2 ladder` on the rungs that need no wall clock: one start, a loyal team, a script and a two-faced adversary."""

import json

import pytest
from mir2_core.tasks import RendezvousParams
from mir2_policies.cli.main import main
from mir2_policies.studies.ladder_report import Ladder

from tests.bundles import write_adversary_bundle


def mir2(*words) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    return end.value.code or 0


def test_the_same_episode_on_three_rungs_and_what_is_torn_is_played_again(make_bundle, tmp_path, capsys):
    short = RendezvousParams(robots=4, horizon=35).model_dump()  # so long that robots compare what they hear
    bundle = make_bundle(robots=4, task_parameters=short)
    adversary = write_adversary_bundle(tmp_path / "liar.onnx", bundle, [1], "two_faced")
    output = tmp_path / "out"
    command = (
        "ladder", bundle, "--rungs", "0..2", "--seeds", "3", "--conditions", "clean,silence",
        "--adversaries", adversary, "--output", output, "--quiet",
    )  # fmt: skip
    assert mir2(*command) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["twins"] == [{"rungs": [1, 2], "episodes": 3, "largest": 0.0, "equal": True}]
    table = Ladder.model_validate_json((output / "ladder.json").read_text())
    played = {(each.label, each.rung): each for each in table.episodes}
    assert set(played) == {
        *(("clean", rung) for rung in range(3)),
        *(("silence", rung) for rung in (1, 2)),  # in the training world there are no messages
        *(("trained two_faced", rung) for rung in range(3)),
    }
    assert played["clean", 2].model_copy(update={"rung": 1}) == played["clean", 1]
    assert played["clean", 0].benign_return != played["clean", 1].benign_return
    assert played["clean", 1].interventions > 0
    assert (played["clean", 1].missed_deadlines, played["clean", 1].ally_age_ms_p99) == (0, 0.0)
    assert played["silence", 1].benign_return != played["clean", 1].benign_return

    assert mir2(*command) == 2
    assert "--resume" in capsys.readouterr().err.splitlines()[-1]
    (torn,) = output.glob("rung-1/runs/*/*/silence-0/seed-3")
    torn.joinpath("trajectories.npz").write_bytes(b"torn")
    whole = [path.stat().st_mtime_ns for path in sorted(output.glob("rung-2/runs/*/*/*/seed-3/metrics.json"))]
    assert mir2(*command, "--resume") == 0
    assert Ladder.model_validate_json((output / "ladder.json").read_text()) == table
    assert [p.stat().st_mtime_ns for p in sorted(output.glob("rung-2/runs/*/*/*/seed-3/metrics.json"))] == whole
