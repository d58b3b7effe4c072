"""A study on a cluster of two nodes comes to what it comes to on one machine, whatever dies meanwhile."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_policies.cli.main import parser
from mir2_policies.studies.engine import run_study
from mir2_policies.studies.local import Local
from mir2_policies.studies.plan import QUICK, Plan, checked
from mir2_policies.studies.schedule import Unit, units
from mir2_policies.studies.units import carry_out

# Ray reads these when it is imported; the second keeps it to the loopback interface.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
pytest.importorskip("ray", reason="needs the extra 'cluster': make test-cluster")

import ray
from mir2_policies.studies import cluster as cluster_engine
from mir2_policies.studies.cluster import Cluster, connect
from ray.cluster_utils import Cluster as Nodes

pytestmark = pytest.mark.timeout(1200)
STUDY = [sys.executable, "-c", "from mir2_policies.cli.main import main; main()", "study", "rendezvous"]
DEADLINE_S = 600


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """Where the nodes have their temporary folders, with a name that is short enough for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def nodes(scratch: Path) -> Iterator[Nodes]:
    """A cluster of one node; tests add others."""
    cluster = Nodes()
    add_node(cluster, scratch, gcs_server_port=0, include_dashboard=False)
    yield cluster
    ray.shutdown()  # nobody may be connected to a node that is removed
    cluster.shutdown()


@pytest.fixture
def second(nodes: Nodes, scratch: Path) -> Iterator[Any]:
    """Another node of the cluster, which may be killed."""
    node = add_node(nodes, scratch)
    yield node
    if node in nodes.worker_nodes:
        nodes.remove_node(node)


def add_node(cluster: Nodes, scratch: Path, **settings: Any) -> Any:
    """A node, which gives up on a busy machine if its own processes do not answer within 15 seconds."""
    deadline = time.monotonic() + DEADLINE_S
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        while True:
            try:
                return cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20, **settings)
            except Exception:
                if time.monotonic() > deadline:
                    raise


def tiny_plan(**changes: Any) -> Plan:
    few = {"evaluation_episodes": 4, "final_evaluation_episodes": 4}
    plan = {
        **QUICK,
        "name": "tiny",
        "references": [],
        "seeds": [0],
        "training": {"steps": 800, "settings": {**QUICK["training"]["settings"], **few}},
        "attack": {**QUICK["attack"], "steps": 16, "settings": {**QUICK["attack"]["settings"], **few}},
        "evaluation": {**QUICK["evaluation"], "conditions": ["clean"], "episodes": 4},
    }
    return checked(Plan.model_validate({**plan, **changes}), "test")


def wait_for(condition: Callable[[], Any], meanwhile: Callable[[], Any] = lambda: None) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        meanwhile()
        time.sleep(0.05)


def finish(engine: Cluster) -> list[Unit]:
    """Everything that is under way."""
    done: list[Unit] = []
    wait_for(lambda: not engine.under_way, lambda: done.extend(engine.finished(0.5)))
    return done


def results(study: Path) -> dict[str, str]:
    """Whatever does not tell how long it took, or where the folder is."""
    files = [*study.rglob("measurements.json"), *study.rglob("table.json")]
    return {str(path.relative_to(study)): path.read_text().replace(str(study), "STUDY") for path in files}


def actions(bundle: Path) -> Any:
    return PolicyBundle.load(bundle).metadata.golden.actions


@pytest.mark.slow
def test_a_cluster_comes_to_the_same_results(nodes: Nodes, second: Any, tmp_path: Path) -> None:
    plan = tiny_plan()
    plan.write(tmp_path / "plan.yaml")
    command = [*STUDY, "--plan", tmp_path / "plan.yaml", "--output", tmp_path / "ray", "--engine", "ray"]
    done = subprocess.run(
        [*map(str, command), "--address", nodes.address],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    assert Path(json.loads(done.stdout)["quick"]["report"]).exists()
    run_study(tmp_path / "local", plan, Local(tmp_path / "local", plan, jobs=2), quiet=True)
    local = results(tmp_path / "local")
    assert len(local) == 2
    assert results(tmp_path / "ray") == local
    assert names(tmp_path / "ray") == names(tmp_path / "local")


def names(study: Path) -> set[str]:
    """Files of units but for locks and those with a process in their name."""
    files = [path for path in study.glob("*/**/*") if path.is_file()]
    return {str(path.relative_to(study)) for path in files if not path.name.startswith((".", "events"))}


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["worker", "node"])
def test_a_unit_that_loses_its_worker_goes_on_elsewhere(
    loss: str, nodes: Nodes, second: Any, scratch: Path, tmp_path: Path
) -> None:
    plan = tiny_plan(seeds=[0, 1])
    plan = plan.model_copy(update={"training": plan.training.model_copy(update={"steps": 4000})})
    first, other = [unit for unit in units(plan) if unit.kind == "train"]
    said: list[str] = []
    engine = Cluster(tmp_path, plan, nodes.address, carry_s=0.2, say=said.append)
    try:
        wait_for(lambda: engine.free == 2)
        for unit in (first, other):
            engine.begin(unit)
        checkpoints = [tmp_path / unit.path / "run/checkpoint.pt" for unit in (first, other)]
        wait_for(lambda: all(path.exists() for path in checkpoints), lambda: engine.finished(0.1))
        assert len(engine.under_way) == 2, "a unit was done before anything could be lost"
        if loss == "node":
            nodes.remove_node(second, allow_graceful=False)
        else:
            os.kill(worker_of(first, scratch), signal.SIGKILL)
        assert {unit.path for unit in finish(engine)} <= {first.path, other.path}
    finally:
        engine.close()
    (lost,) = said
    unit = first if first.path in lost else other
    assert "goes on elsewhere" in lost
    assert len(list((tmp_path / unit.path / "run").glob("events*"))) == 2
    assert not list(tmp_path.rglob("*.partial"))
    carry_out(tmp_path / "local", plan, unit)
    policy = f"{unit.path}/policy.onnx"
    assert actions(tmp_path / policy) == actions(tmp_path / "local" / policy)


def worker_of(unit: Unit, scratch: Path) -> int:
    """The process that holds the temporary folder of a unit."""
    (folder,) = [path for path in scratch.glob("mir2-study-*/*") if (path / unit.path).exists()]
    return int((folder / ".lock").read_text())


@pytest.mark.slow
def test_mistakes_are_reported_as_on_one_machine(nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = tiny_plan()
    unit = next(units(plan))
    checkpoint = tmp_path / unit.path / "run/checkpoint.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"half a file")
    with pytest.raises(UserError) as local:
        run_study(tmp_path, plan, Local(tmp_path, plan, jobs=1), quiet=True)
    with pytest.raises(UserError) as ours:
        run_study(tmp_path, plan, Cluster(tmp_path, plan, nodes.address), quiet=True)
    assert str(ours.value) == str(local.value)
    monkeypatch.setattr(cluster_engine, "code_version", lambda: "0.0.1")
    with pytest.raises(UserError, match=r"has mir2-swarm .*, not 0\.0\.1; install the same on every machine"):
        run_study(tmp_path, plan, Cluster(tmp_path, plan, nodes.address), quiet=True)
    monkeypatch.setattr(ray, "__version__", "0.0.2")
    with pytest.raises(UserError, match=r"cannot be joined: Version mismatch: .*Ray: 0\.0\.2 "):
        Cluster(tmp_path, plan, nodes.address)


@pytest.mark.slow
def test_an_interrupted_study_on_a_cluster_goes_on(nodes: Nodes, tmp_path: Path) -> None:
    plan = tiny_plan(seeds=[0, 1])
    folder = tmp_path / "study"
    folder.mkdir()
    plan.write(folder / "plan.yaml")
    options = ["--output", str(folder), "--engine", "ray", "--address", nodes.address, "--resume"]

    def done() -> dict[str, int]:
        return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("done.json")}

    def begin() -> "subprocess.Popen[str]":
        return subprocess.Popen([*STUDY, *options, "--quiet"], stderr=subprocess.PIPE, text=True)

    killed = begin()
    wait_for(lambda: done() or killed.poll() is not None)
    arguments = parser().parse_args(["study", "rendezvous", *options])
    with pytest.raises(UserError, match="another 'mir2 study' is at work here"):
        arguments.run(arguments)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    before = done()
    stopped = begin()
    wait_for(lambda: len(done()) > len(before) or stopped.poll() is not None)
    stopped.send_signal(signal.SIGINT)
    _, errors = stopped.communicate(timeout=DEADLINE_S)
    assert (stopped.returncode, errors.splitlines()[-1]) == (
        2,
        f"error: interrupted; go on with 'mir2 study rendezvous --output {folder} --engine ray --resume'",
    )
    between = done()
    ended = begin()
    _, errors = ended.communicate(timeout=DEADLINE_S)
    assert ended.returncode == 0, errors
    assert {path: done()[path] for path in between} == between
    assert set(done()) == {f"{unit.path}/done.json" for unit in units(plan)}
    assert not list(folder.rglob("*.partial"))


@pytest.mark.parametrize("address", ["ray://here:1", "here", "here:port"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UserError, match=f"--address is '{address}': give HOST:PORT"):
        connect(address)


def test_a_cluster_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(UserError, match=f"no Ray cluster answers at {address} .*start one with 'ray start --head'"):
            connect(address)
