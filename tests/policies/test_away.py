"""Units that are done elsewhere: their files travel, and nothing of them stays behind."""

import tempfile
from pathlib import Path

import pytest
from mir2_policies.studies.away import Ended, carry_out_away, pack, scratch
from mir2_policies.studies.carried import PIECE_BYTES, Changes, pieces, put
from mir2_policies.studies.schedule import units

from tests.policies.test_study import quick_plan


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 1])
def test_a_file_arrives_whole_or_not_at_all(size: int, tmp_path: Path) -> None:
    (tmp_path / "here/run").mkdir(parents=True)
    sent, arrived = tmp_path / "here/run/file", tmp_path / "there/run/file"
    sent.write_bytes(bytes(size))
    parts = list(pieces(tmp_path / "here", sent))
    assert all(len(part.data) <= PIECE_BYTES for part in parts)
    # The first again: whoever sent it died, and another began anew.
    for part in [*parts[:1], *parts[:-1]]:
        put(tmp_path / "there", part)
        assert arrived.exists() == part.last
    put(tmp_path / "there", parts[-1])
    assert arrived.read_bytes() == sent.read_bytes()
    assert [path.name for path in arrived.parent.iterdir()] == ["file"]


def test_only_what_changes_travels_and_done_is_last(tmp_path: Path) -> None:
    unit = tmp_path / "unit"
    (unit / "run").mkdir(parents=True)
    (unit / "old").write_text("old")
    changes = Changes(tmp_path, unit)
    for name in ("new", "done.json", ".lock", "half.partial", "run/later"):
        (unit / name).write_text(name)
    assert [piece.path for piece in changes.pieces()] == ["unit/new", "unit/run/later"]
    (unit / "old").write_text("changed")
    assert [piece.path for piece in changes.last()] == ["unit/old", "unit/done.json"]


def test_what_killed_processes_have_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch() as first:
        left = first.with_name("left")
        (left / "run").mkdir(parents=True)
        (left / ".lock").touch()  # its process held the lock for as long as it lived
        with scratch() as second:
            assert {path.name for path in first.parent.iterdir()} == {".lock", first.name, second.name}
    assert [path.name for path in first.parent.iterdir()] == [".lock"]


def test_a_unit_of_another_version_is_refused(tmp_path: Path) -> None:
    plan = quick_plan()
    packed = pack(tmp_path, plan, next(units(plan)), 1.0)
    (ended,) = carry_out_away(packed, "0.0.1")
    assert isinstance(ended, Ended)
    assert "not 0.0.1; install the same on every machine" in ended.error
