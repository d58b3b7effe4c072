"""Digests of the files that a run was made of and has left, by which an altered one is noticed."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from mir2_core.errors import UserError
from mir2_core.files import write_text

DIGESTS_FILE = "digests.json"


def note_digests(folder: Path, files: Iterable[Path | str]) -> None:
    """Add the SHA-256 of files, which lie in the folder or are named by absolute path, to those noted in it."""
    path = folder / DIGESTS_FILE
    noted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    noted |= {str(file): _digest(folder / file) for file in files}
    write_text(path, json.dumps(noted, indent=2) + "\n")


def require_unaltered(folder: Path, needed: Iterable[str]) -> None:
    """Raise `UserError` if a file of a run is missing or altered, or was never noted though it is `needed`."""
    path = folder / DIGESTS_FILE
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        digests = {str(file): str(digest) for file, digest in noted.items()}
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give the folder of a run") from None
    except (ValueError, AttributeError):
        raise UserError(f"{path}: is not what a run writes; give the folder of a run as it was written") from None
    for file in needed:
        if file not in digests:
            raise UserError(f"{folder / file}: {path} does not know it; did the run end before it was written?")
    for file, digest in digests.items():
        try:
            found = _digest(folder / file)
        except OSError as error:
            raise UserError(f"{folder / file}: cannot be read ({error.strerror}), but the run needs it") from None
        if found != digest:
            raise UserError(f"{folder / file}: has been altered since the run; give the file as it was")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
