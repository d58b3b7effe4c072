"""`mir2 check-world` as a user meets it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOLDEN = Path(__file__).parent.parent / "data" / "rendezvous_golden.npz"
Change = Callable[[dict[str, Any]], object]


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from mir2_policies.cli.main import main; sys.modules['torch'] = None; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)


def run(path: Path) -> subprocess.CompletedProcess[str]:
    return without_torch("check-world", str(path))


def altered(tmp_path: Path, change: Change) -> Path:
    with np.load(GOLDEN) as data:
        arrays = dict(data)
    change(arrays)
    path = tmp_path / "episodes.npz"
    np.savez(path, **arrays)
    return path


def test_golden_values_agree_without_torch() -> None:
    result = run(GOLDEN)
    last = result.stdout.splitlines()[-1].split()
    assert result.returncode == 0, result.stderr
    assert last[0] == "worst"
    assert float(last[1]) < 1e-9


def test_training_without_torch_says_what_to_install(tmp_path: Path) -> None:
    result = without_torch("train", "--output", str(tmp_path / "run"))
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("error: 'mir2 train' needs the package 'torch'")


def test_a_wrong_value_is_found(tmp_path: Path) -> None:
    def change(arrays: dict[str, Any]) -> None:
        arrays["C_obs"][3, 2, 1] += 1e-6

    result = run(altered(tmp_path, change))
    assert result.returncode == 1
    assert float(result.stdout.splitlines()[-1].split()[1]) == pytest.approx(1e-6, rel=1e-3)


def test_cases_of_any_letter_and_team_size_are_found(tmp_path: Path) -> None:
    def change(arrays: dict[str, Any]) -> None:
        for key in [key for key in arrays if not key.startswith("D_")]:
            del arrays[key]
        for key in list(arrays):
            arrays[key.replace("D_", "Zq_")] = arrays.pop(key)

    result = run(altered(tmp_path, change))
    assert result.returncode == 0, result.stderr
    assert "Zq_obs" in result.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("A_reward"), "'A_reward' is missing"),
        (lambda a: a.update(D_obs=a["D_obs"][:, :, :-1]), "'D_obs' has shape"),
        (lambda a: a.update(A_actions=a["A_actions"][:0]), "one step at least"),
        (lambda a: a.update(A_p_vel=a["A_p_vel"] * np.nan), "not finite"),
        (lambda a: a.clear(), "holds no arrays"),
    ],
)
def test_unusable_arrays_are_named(tmp_path: Path, change: Change, message: str) -> None:
    result = run(altered(tmp_path, change))
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 not a zip", b"x,y\n1,2\n"])
def test_unusable_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "episodes.npz"
    if content is not None:
        path.write_bytes(content)
    result = run(path)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {path}")


def test_unknown_commands_name_the_nearest() -> None:
    program = "from mir2_policies.cli.main import main; main(['chek-world'])"
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "did you mean 'check-world'" in result.stderr
