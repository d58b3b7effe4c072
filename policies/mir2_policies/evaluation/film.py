"""A recorded run as a film or a picture, drawn without a screen."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from mir2_core.errors import UserError, nearest
from mir2_core.roster import Roster
from mir2_core.run import ROSTER_FILE
from mir2_sim.pybullet_scene import View, known_view
from mir2_sim.stage import Stage
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mir2_policies.evaluation.ros import RunRecord

SIZES = {".mp4": (960, 600), ".gif": (640, 400), ".png": (960, 600)}  # width, height
COLOURS = 64  # of a GIF
Frame = NDArray[np.uint8]  # (height, width, 3)


def draw_film(record: RunRecord, path: Path, *, view: str, fps: float, speed: float) -> None:
    """Write the whole run as `.mp4` or `.gif`, `speed` times as fast as it was."""
    seconds = np.arange(0.0, record.time_s[-1] + 1e-9, speed / fps)
    FILMS[path.suffix](path, _frames(record, seconds, known_view(view), SIZES[path.suffix]), fps)


def draw_picture(record: RunRecord, path: Path, *, view: str, at_s: float) -> None:
    """Write one moment as `.png`; `UserError` for one that the run has not."""
    last_s = float(record.time_s[-1])
    if not 0.0 <= at_s <= last_s:
        raise UserError(f"--at is {at_s:g}; allowed: 0 to {last_s:g}, the seconds of the run")
    (frame,) = _frames(record, [at_s], known_view(view), SIZES[PICTURE])
    Image.fromarray(frame).save(path)


def _frames(
    record: RunRecord, seconds: Sequence[float] | NDArray[np.float64], view: View, size: tuple[int, int]
) -> Iterator[Frame]:
    roster = Roster.load(record.folder / ROSTER_FILE)
    font = ImageFont.load_default(size=18)
    stage = Stage([robot.model for robot in roster.robots], roster.arena.size_m)
    try:
        for second in seconds:
            step = min(int(np.searchsorted(record.time_s, second - 1e-6)), len(record.time_s) - 1)
            turned = np.flatnonzero(record.compromised[max(0, step - 1)]).tolist() if step else []
            stage.put(record.poses[step], turned)
            image = Image.fromarray(stage.picture(*size, view))
            names = ", ".join(record.names[robot] for robot in turned)
            words = f"{record.time_s[step]:5.1f} s" + (f"   turned: {names}" if names else "")
            ImageDraw.Draw(image).text((16, 12), words, fill=(40, 40, 40), font=font)
            yield np.asarray(image)
    finally:
        stage.close()


def _write_mp4(path: Path, frames: Iterator[Frame], fps: float) -> None:
    import imageio_ffmpeg

    film = imageio_ffmpeg.write_frames(str(path), SIZES[".mp4"], fps=fps, macro_block_size=8)
    film.send(None)
    for frame in frames:
        film.send(np.ascontiguousarray(frame))
    film.close()


def _write_gif(path: Path, frames: Iterator[Frame], fps: float) -> None:
    images = [Image.fromarray(frame).quantize(COLOURS, dither=Image.Dither.NONE) for frame in frames]
    images[0].save(path, save_all=True, append_images=images[1:], duration=round(1000.0 / fps), loop=0)


FILMS: dict[str, Callable[[Path, Iterator[Frame], float], None]] = {".mp4": _write_mp4, ".gif": _write_gif}
PICTURE = ".png"


def check_suffix(path: Path) -> None:
    """Refuse a file that could be neither film nor picture."""
    known = [*FILMS, PICTURE]
    if path.suffix not in known:
        raise UserError(f"--output is '{path}', which ends in '{path.suffix}'; {nearest(path.suffix, known)}")
