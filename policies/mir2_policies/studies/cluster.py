"""The engine for many machines: each unit a task of a Ray cluster, which takes the unit's files along."""

import logging
import os
import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from mir2_core.errors import UserError
from ray.exceptions import RayError, RayTaskError

from mir2_policies.bundles.version import code_version
from mir2_policies.studies.away import Ended, carry_out_away, pack
from mir2_policies.studies.carried import put
from mir2_policies.studies.local import Local
from mir2_policies.studies.plan import Plan
from mir2_policies.studies.schedule import Unit
from mir2_policies.studies.units import is_done

LOSSES = 3  # of the worker of one unit, before the study gives up
CARRY_S = 300.0  # between looks for changed files of a unit under way
PORT = 6379  # of Ray, unless told otherwise
LOOPBACK = ("localhost", "127.0.0.1")
ANSWER_S = 10.0
ONE_UNIT = {"num_cpus": 1, "num_returns": "streaming", "max_retries": 0}


@dataclass
class Task:
    """A unit on the cluster."""

    unit: Unit
    stream: Any  # Ray's generator of what the unit sends home
    losses: int = 0


class Cluster:
    """Units on the CPUs of a cluster, at most `jobs` at a time; only this process writes into the study's folder.

    Reports, which read the whole study, are put together on this machine.
    """

    def __init__(
        self,
        study: Path,
        plan: Plan,
        address: str | None,
        *,
        jobs: int | None = None,
        carry_s: float = CARRY_S,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._study, self._plan, self._jobs, self._carry_s, self._say = study, plan, jobs, carry_s, say
        self._tasks: list[Task] = []
        self._reports = Local(study, plan, jobs=1)
        self._version = code_version()
        connect(address)
        self._remote = ray.remote(**ONE_UNIT)(carry_out_away)

    @property
    def under_way(self) -> Collection[Unit]:
        """What was begun and is not finished."""
        return [*(task.unit for task in self._tasks), *self._reports.under_way]

    @property
    def free(self) -> int:
        """How many units can begin now; one in any case, so that a cluster without a CPU is asked for it."""
        cpus = max(1, int(ray.cluster_resources().get("CPU", 0)))
        return min(cpus, self._jobs or cpus) - len(self.under_way)

    def begin(self, unit: Unit) -> None:
        """Start on a unit, wherever a CPU is idle."""
        if unit.kind == "report":
            self._reports.begin(unit)
        else:
            self._tasks.append(Task(unit, self._stream(unit)))

    def finished(self, timeout_s: float) -> list[Unit]:
        """The units that were finished meanwhile; `UserError` if one failed, or lost its worker again and again."""
        ready: list[Any] = []
        if self._tasks:
            ready, _ = ray.wait([task.stream for task in self._tasks], timeout=timeout_s)
            timeout_s = 0.0
        ended = [task for task in self._tasks if task.stream in ready and self._take(task)]
        self._tasks = [task for task in self._tasks if task not in ended]
        return [task.unit for task in ended] + self._reports.finished(timeout_s)

    def close(self) -> None:
        """Stop whatever is under way and leave the cluster."""
        self._reports.close()
        for task in self._tasks:
            ray.cancel(task.stream, force=True)
        ray.shutdown()

    def _stream(self, unit: Unit) -> Any:
        return self._remote.remote(pack(self._study, self._plan, unit, self._carry_s), self._version)

    def _take(self, task: Task) -> bool:
        """Write what a unit has sent home; whether that was the last."""
        try:
            while ray.wait([task.stream], timeout=0)[0]:
                sent = ray.get(next(task.stream))
                if isinstance(sent, Ended):
                    self._check(task.unit, sent.error)
                    return True
                put(self._study, sent)
        except RayTaskError as error:
            reason = str(error).strip().splitlines()[-1]
            self._check(task.unit, f"{reason}; is the same mir2-swarm installed on every machine of the cluster?")
        except RayError as error:
            self._begin_again(task, str(error).strip().splitlines()[0])
        return False

    def _check(self, unit: Unit, error: str) -> None:
        if error:
            raise UserError(f"unit '{unit.path}' failed: {error}")
        assert is_done(self._study, unit)

    def _begin_again(self, task: Task, reason: str) -> None:
        task.losses += 1
        if task.losses > LOSSES:
            raise UserError(f"unit '{task.unit.path}' failed: it lost its worker {task.losses} times; {reason}")
        self._say(f"unit '{task.unit.path}' lost its worker and goes on elsewhere: {reason}")
        task.stream = self._stream(task.unit)


def connect(address: str | None) -> None:
    """Join a cluster as one of its machines; Ray itself would try for minutes to reach one that is not there."""
    own = ray.util.get_node_ip_address()
    address = address or os.environ.get("RAY_ADDRESS") or f"{own}:{PORT}"
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UserError(f"--address is '{address}': give HOST:PORT of the cluster that this machine is part of")
    reached = own if host in LOOPBACK else host  # as Ray sees it
    way_out = "start one with 'ray start --head', and 'ray start --address' on the other machines"
    try:
        socket.create_connection((reached, int(port)), ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"no Ray cluster answers at {reached}:{port} ({error}); {way_out}") from None
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(
            f"the Ray cluster at {reached}:{port} cannot be joined: {' '.join(str(error).split())}"
        ) from None
