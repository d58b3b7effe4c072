"""Files are there completely or not at all."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest
from mir2_core.errors import UserError
from mir2_core.files import locked, replacing, writable_folder, write_text, writing


def _half_written(file: BinaryIO) -> None:
    file.write(b"half of the ne")
    raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        _half_written(file)
    assert [each.name for each in tmp_path.iterdir()] == ["figures.json"]
    assert path.read_text() == "old"
    write_text(path, "new")
    assert path.read_text() == "new"


@pytest.mark.parametrize(
    ("place", "way_out"), [("/dev/full", "free some space"), ("/proc/figures", "choose a place that you may write to")]
)
def test_what_cannot_be_written_is_named_with_the_way_out(place: str, way_out: str) -> None:
    with pytest.raises(UserError, match=rf"^{place}: cannot be written \(.+\); {way_out}$"), writing(Path(place)):
        Path(place).write_text("x" * 10_000)


def test_a_folder_is_tried_before_the_work(tmp_path: Path) -> None:
    assert writable_folder(tmp_path / "a" / "b").is_dir()
    assert not list((tmp_path / "a" / "b").iterdir())
    with pytest.raises(UserError, match="cannot be written"):
        writable_folder(Path("/proc/figures"))


def test_a_lock_names_who_holds_it_and_ends_with_the_block(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path, wait=False, what="'mir2 train'"):
        taken = rf"another 'mir2 train' is at work here \(process {os.getpid()}\)"
        with pytest.raises(UserError, match=taken), locked(path, wait=False, what="'mir2 train'"):
            pass
    with locked(path, wait=False):
        pass
