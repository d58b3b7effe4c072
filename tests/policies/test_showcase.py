"""The picture and the film of two teams, drawn from made-up runs."""

import numpy as np
from matplotlib.image import imread
from mir2_policies.evaluation.showcase import Side, draw


def side(title, cost):
    time_s = np.arange(11) * 1.0
    poses = np.stack([np.full((11, 3), 0.3 * k) + 0.01 * np.arange(11)[:, None] for k in range(1, 4)], axis=1)
    claimed = np.full((11, 3), np.nan)
    claimed[4:] = (1.9, 0.1, 0.0)
    return Side(title, time_s, poses, claimed, -cost * time_s, -time_s, refused=0.8)


def test_a_picture_and_a_film_are_drawn(tmp_path):
    sides = [side("one", 2.0), side("other", 1.5)]
    assert sides[0].lost == 10.0
    draw(sides, 2.0, 0, tmp_path)
    assert imread(tmp_path / "showcase.png").shape[:2] == (720, 960)
    film = (tmp_path / "showcase.gif").read_bytes()
    assert film.startswith(b"GIF89a")
    assert film.count(b"\x21\xf9\x04") == 3, "one frame for every fourth step"
