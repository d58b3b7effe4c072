"""What a machine of a cluster does: one unit in a folder of its own, whose files go home as they change."""

import os
import pickle
import shutil
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mir2_core.errors import UserError
from mir2_core.files import locked

from mir2_policies.bundles.version import code_version
from mir2_policies.studies.carried import Changes, Piece, pieces, put, travelling
from mir2_policies.studies.plan import Plan
from mir2_policies.studies.schedule import Unit
from mir2_policies.studies.units import attempt


class Job(NamedTuple):
    """A unit with all that it takes to do it somewhere else."""

    home: str  # the study's folder, as it is called in errors
    plan: Plan
    unit: Unit
    files: list[Piece]
    interval_s: float  # between looks for changed files


class Ended(NamedTuple):
    """The last that is heard of a unit."""

    error: str


def pack(study: Path, plan: Plan, unit: Unit, interval_s: float) -> bytes:
    """A job for `carry_out_away`: a unit other than a report, the bundles that it needs and what it has done before."""
    bundles = [path for need in unit.needs for path in sorted((study / need).glob("*.onnx"))]
    files = [piece for path in [*bundles, *travelling(study / unit.path)] for piece in pieces(study, path)]
    return pickle.dumps(Job(str(study), plan, unit, files, interval_s))


def carry_out_away(packed: bytes, version: str) -> Iterator[Piece | Ended]:
    """Do a unit that the code of a `version` has packed; its files as they change, then how it ended."""
    if version != (here := loaded_version()):
        yield Ended(f"{socket.gethostname()} has mir2-swarm {here}, not {version}; install the same on every machine")
        return
    job: Job = pickle.loads(packed)
    with scratch() as study, ThreadPoolExecutor(1) as thread:
        for piece in job.files:
            put(study, piece)
        changes = Changes(study, study / job.unit.path)
        work = thread.submit(attempt, study, job.plan, job.unit)
        while not wait([work], job.interval_s).done:
            yield from changes.pieces()
        yield from changes.last()
        yield Ended(work.result().replace(str(study), job.home))


@cache
def loaded_version() -> str:
    """Of the code as this process has it; files may have changed since."""
    return code_version()


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder; those that killed processes have left on this machine are removed first."""
    parent = Path(tempfile.gettempdir()) / f"mir2-study-{os.getuid()}"
    parent.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as own:
        with locked(parent / ".lock", wait=True):
            for left in parent.glob("*/"):
                with suppress(UserError), locked(left / ".lock", wait=False):
                    shutil.rmtree(left)
            folder = Path(own.enter_context(tempfile.TemporaryDirectory(dir=parent)))
            own.enter_context(locked(folder / ".lock", wait=False))
        yield folder
