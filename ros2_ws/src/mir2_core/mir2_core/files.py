"""Files that are there completely or not at all, and what a user reads when one cannot be written."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mir2_core.errors import UserError, nearest


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


@contextmanager
def locked(path: Path, *, wait: bool, what: str = "") -> Iterator[None]:
    """Hold a lock that ends with the process; without `wait`, `UserError` if another `what` holds it."""
    with writing(path), path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.seek(0)
            raise UserError(
                f"{path.parent}: another {what} is at work here (process {file.read().strip() or 'unknown'}); "
                "wait for it, stop it, or choose another folder"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def find_shipped(what: str, name: str, folder: Path) -> Path:
    """A file (YAML) given by its path, or by its name among those shipped in `folder`."""
    if (given := Path(name).expanduser()).is_file():
        return given
    known = sorted(path.name for path in folder.glob("*.yaml"))
    for candidate in (name, f"{name}.yaml"):
        if candidate in known:
            return folder / candidate
    raise UserError(f"{what} '{name}': no such file, and none that is shipped; {nearest(name, known)}")
