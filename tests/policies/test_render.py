"""`mir2 render`: films and pictures of a recorded run, on a machine without a screen."""

import json
from pathlib import Path

import numpy as np
import pytest
from imageio_ffmpeg import count_frames_and_secs
from mir2_core.roster import Roster
from mir2_policies.cli.main import main
from PIL import Image

STEPS = 10


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A run of one second in which the last robot of three turns after half of it."""
    team = [
        {"name": "driver", "kind": "epuck2"},
        {"name": "point", "kind": "epuck2_point"},
        {"name": "flyer", "kind": "crazyflie", "height_m": 0.5},
    ]
    roster = Roster.model_validate({"arena": {"size_m": 2.0}, "policy": "p", "robots": team})
    roster.save(tmp_path / "roster.yaml")
    turned = np.zeros((STEPS, 3), dtype=bool)
    turned[STEPS // 2 :, 2] = True
    poses = np.array([[0.3, 1.0, 0.0], [1.0, 1.0, 0.0], [1.7, 0.6, 1.0]]) + np.zeros((STEPS + 1, 1, 1))
    poses[:, 0, 0] += 0.05 * np.arange(STEPS + 1)
    np.savez(
        tmp_path / "trajectories.npz",
        names=np.array([robot["name"] for robot in team]),
        time_s=0.1 * np.arange(STEPS + 1),
        poses=poses,
        twists=np.zeros((STEPS, 3, 2)),
        reward=np.zeros(STEPS),
        compromised=turned,
    )
    (tmp_path / "metrics.json").write_text("{}")
    (tmp_path / "events.jsonl").write_text("")
    return tmp_path


def render(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The file that was written."""
    with pytest.raises(SystemExit) as ended:
        main(["render", *words])
    assert ended.value.code == 0
    file: str = json.loads(capsys.readouterr().out)["file"]
    return file


def red_and_green(path: Path) -> tuple[int, int]:
    """How many pixels have the colour of traitors, and of the others."""
    red, green, blue = np.moveaxis(np.asarray(Image.open(path).convert("RGB")).astype(int), -1, 0)
    return int(((red > 1.8 * green) & (red > 1.8 * blue)).sum()), int(
        ((green > 1.4 * red) & (green > 1.4 * blue)).sum()
    )


def test_a_picture_shows_a_moment_and_who_had_turned(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    early, late, above = (recorded / name for name in ("early.png", "late.png", "above.png"))
    render(capsys, str(recorded), "--output", str(early), "--at", "0.2")
    render(capsys, str(recorded), "--output", str(late))
    assert Image.open(early).size == (960, 600)
    assert red_and_green(early)[0] == 0 < red_and_green(early)[1]
    assert red_and_green(late)[0] > 50
    assert red_and_green(late)[1] > 50
    render(capsys, str(recorded), "--output", str(above), "--view", "top")
    assert above.read_bytes() != late.read_bytes()


def test_films_have_the_frames_of_the_whole_run(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(capsys, str(recorded), "--fps", "5", "--speed", "2") == str(recorded / "run.mp4")
    frames, seconds = count_frames_and_secs(str(recorded / "run.mp4"))
    assert (frames, round(seconds, 1)) == (3, 0.6)
    film = recorded / "film.gif"
    render(capsys, str(recorded), "--output", str(film), "--fps", "4")
    with Image.open(film) as image:
        assert (image.n_frames, image.info["duration"], image.size) == (5, 250, (640, 400))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--output", "run.avi"), "--output is 'run.avi', which ends in '.avi'; valid: .gif, .mp4, .png"),
        (("--output", "x.png", "--at", "7"), "--at is 7; allowed: 0 to 1, the seconds of the run"),
        (("--at", "0.5"), "run.mp4' is a film of the whole run; give an --output that ends in .png"),
        (("--fps", "0"), "--fps is 0; allowed: 1 to 60"),
        (("--speed", "nan"), "--speed is nan; allowed: 0.1 to 20"),
        (("--view", "tpo"), "unknown view 'tpo'; valid: oblique, top; did you mean 'top'"),
    ],
)
def test_mistakes_are_one_line(
    recorded: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(recorded)
    with pytest.raises(SystemExit) as ended:
        main(["render", str(recorded), *words])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_folder_without_a_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["render", str(tmp_path)])
    assert f"is {tmp_path} the folder of a finished run?" in capsys.readouterr().err
