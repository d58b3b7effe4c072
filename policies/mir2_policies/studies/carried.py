"""A unit's files as they travel between machines, where no folder is shared."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mir2_core.files import writing

from mir2_policies.studies.units import DONE_FILE

PIECE_BYTES = 16 * 2**20


class Piece(NamedTuple):
    """A part of a file; the pieces of a file come one after the other."""

    path: str  # within the study's folder
    data: bytes
    first: bool
    last: bool


class Changes:
    """The files of a unit's folder that have changed since they were last asked for."""

    def __init__(self, study: Path, folder: Path) -> None:
        self._study, self._folder = study, folder
        self._seen: dict[Path, tuple[int, int, int]] = {}
        list(self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """All but what says that the unit is done, which may be there before a file that was looked for earlier."""
        for path in travelling(self._folder):
            if path.name != DONE_FILE and self._has_changed(path):
                yield from pieces(self._study, path)

    def last(self) -> Iterator[Piece]:
        """Once nothing changes any more: the rest, and what says that the unit is done at the very end."""
        yield from self.pieces()
        if (done := self._folder / DONE_FILE).exists():
            yield from pieces(self._study, done)

    def _has_changed(self, path: Path) -> bool:
        try:
            status = path.stat()
        except FileNotFoundError:
            return False
        state = status.st_mtime_ns, status.st_size, status.st_ino
        known = self._seen.get(path)
        self._seen[path] = state
        return state != known


def travelling(folder: Path) -> list[Path]:
    """The files below a folder but for locks and what is being written."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in files if not path.name.startswith(".") and path.suffix != ".partial")


def pieces(study: Path, path: Path) -> Iterator[Piece]:
    """A file piece by piece; none if it has vanished."""
    name = path.relative_to(study).as_posix()
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        data, first = file.read(PIECE_BYTES), True
        while first or data:
            following = file.read(PIECE_BYTES)
            yield Piece(name, data, first, last=not following)
            data, first = following, False


def put(study: Path, piece: Piece) -> None:
    """Write a piece; its file takes the place of the old one with the last."""
    path = study / piece.path
    partial = path.with_name(f"{path.name}.partial")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb" if piece.first else "ab") as file:
            file.write(piece.data)
            if piece.last:
                file.flush()
                os.fsync(file.fileno())
        if piece.last:
            partial.replace(path)
