"""Files that are there completely or not at all, and what a user reads when one cannot be written."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mir2_core.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` when the block ends; a kill or an error leaves the old one."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one go."""
    with replacing(path) as file:
        file.write(text.encode())


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn an `OSError` of the block into a `UserError` that names the file and the way out."""
    try:
        yield
    except OSError as error:
        way_out = "free some space" if error.errno == errno.ENOSPC else "choose a place that you may write to"
        raise UserError(
            f"{os.fspath(error.filename or where)}: cannot be written ({error.strerror or error}); {way_out}"
        ) from None


def writable_folder(folder: Path) -> Path:
    """Make the folder and try to write into it, before hours are spent on what should go there."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_bytes(b"0")
        probe.unlink()
    return folder
