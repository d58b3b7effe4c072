"""Compare the rendezvous task with recorded values of another implementation of it."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from mir2_core.config import parse
from mir2_core.errors import UserError
from mir2_core.rollout import play
from mir2_core.tasks import Rendezvous, RendezvousParams, columns
from numpy.typing import NDArray

from mir2_policies.learners.rendezvous_inputs import central_state

TOLERANCE = 1e-9
CM_PER_M = 100.0
# Name of an array in the file -> its shape for n robots, T steps, p pairs; lengths are in centimetres.
SHAPES = {
    "init_states": "n,3",
    "init_obs": "n,o",
    "init_state_vec": "s",
    "actions": "T,n,2",
    "agent_states": "T,n,3",
    "obs": "T,n,o",
    "state_vec": "T,s",
    "reward": "T",
    "reward_dist": "T",
    "reward_ctrl": "T",
    "done": "T",
    "p_vel": "T,n,2",
}
FloatArray = NDArray[np.float64]
Arrays = dict[str, FloatArray]


def check_world(path: Path) -> tuple[dict[str, float], float]:
    """Largest absolute error per array, in the file's units, and the worst of them."""
    data = _load(path)
    cases = sorted({case for key in data if (case := _case_of(key)) is not None})
    if not cases:
        raise UserError(f"{path}: holds no arrays named <case>_init_states and so on; give a file of recorded episodes")
    errors: dict[str, float] = {}
    for case in cases:
        arrays = {name: data[f"{case}_{name}"] for name in SHAPES if f"{case}_{name}" in data}
        _check_shapes(path, case, arrays)
        replayed = replay(arrays, f"{path}, case {case}")
        if (seed := data.get(f"{case}_seed")) is not None:
            replayed["init_states"] = _published_reset(seed, *arrays["init_states"].shape)
        for name, values in replayed.items():
            errors[f"{case}_{name}"] = float(np.max(np.abs(values - arrays[name])))
    return errors, max(errors.values())


def replay(arrays: Arrays, source: str) -> Arrays:
    """Everything but `init_states` and `actions`, computed by our task from those two."""
    centimetres = np.array([CM_PER_M, CM_PER_M, 1.0])
    params = parse({"robots": len(arrays["init_states"])}, RendezvousParams, source)
    task = Rendezvous(params)
    poses = arrays["init_states"][None] / centimetres
    first = {"init_obs": _observe(task, poses), "init_state_vec": central_state(task, poses)[0]}
    steps: dict[str, list[Any]] = {name: [] for name, shape in SHAPES.items() if shape.startswith("T")}
    del steps["actions"]
    recorded = arrays["actions"][:, None]
    for played in play(task, lambda step, _: recorded[step], poses, len(recorded)):
        actions, poses = played.actions, played.after
        velocities = task.velocities(poses, actions)
        distance, cost = task.reward_parts(poses, actions)
        steps["agent_states"].append(poses[0] * centimetres)
        steps["obs"].append(_observe(task, poses))
        steps["state_vec"].append(central_state(task, poses)[0])
        steps["reward"].append(task.reward(poses, actions)[0])
        steps["reward_dist"].append(distance[0])
        steps["reward_ctrl"].append(cost[0])
        steps["done"].append(bool(task.gathered(poses, velocities)[0]) or played.step + 1 >= params.horizon)
        steps["p_vel"].append(velocities[0] * CM_PER_M)
    return first | {name: np.asarray(values, dtype=np.float64) for name, values in steps.items()}


def _observe(task: Rendezvous, poses: FloatArray) -> FloatArray:
    """Observations (N, O) without the one-hot index, as they are recorded."""
    seen: FloatArray = np.delete(task.observe(poses)[0], columns(task.observe.terms, "index"), axis=-1)
    return seen


def _published_reset(seed: FloatArray, robots: int, _: int) -> FloatArray:
    """The published environment draws its start from NumPy's old generator."""
    rng: Any = np.random.RandomState(int(seed))
    start: FloatArray = Rendezvous(RendezvousParams(robots=robots)).reset(rng)[0]
    centimetres: FloatArray = start * np.array([CM_PER_M, CM_PER_M, 1.0])
    return centimetres


def _load(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as data:
            return {key: data[key].astype(np.float64) for key in data.files}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; give an .npz file of recorded episodes") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile, AttributeError):
        raise UserError(f"{path}: not an .npz file of numbers; give a file of recorded episodes") from None


def _case_of(key: str) -> str | None:
    """The case of `A_init_obs` is `A`; longer names first, since `obs` is a tail of `init_obs`."""
    for name in sorted(SHAPES, key=len, reverse=True):
        if key.endswith(f"_{name}"):
            return key.removesuffix(f"_{name}")
    return None


def _check_shapes(path: Path, case: str, arrays: Arrays) -> None:
    missing = [f"{case}_{name}" for name in SHAPES if name not in arrays]
    if missing:
        raise UserError(f"{path}: array '{missing[0]}' is missing ({len(missing)} of {len(SHAPES)} in case {case})")
    start, actions = arrays["init_states"], arrays["actions"]
    robots = start.shape[0] if start.ndim == 2 else 0
    steps = actions.shape[0] if actions.ndim == 3 else 0
    if robots < 2 or steps < 1:
        raise UserError(
            f"{path}: '{case}_init_states' has shape {start.shape} and '{case}_actions' {actions.shape}; expected "
            "(robots, 3) and (steps, robots, 2) with two robots and one step at least"
        )
    pairs = robots * (robots - 1) // 2
    sizes = {"n": robots, "T": steps, "o": 5 * (robots - 1) + 5, "s": pairs + robots**2}
    for name, letters in SHAPES.items():
        expected = tuple(sizes[part] if part in sizes else int(part) for part in letters.split(","))
        if arrays[name].shape != expected:
            raise UserError(f"{path}: array '{case}_{name}' has shape {arrays[name].shape}, expected {expected}")
        if not np.isfinite(arrays[name]).all():
            raise UserError(f"{path}: array '{case}_{name}' holds values that are not finite")
