"""What comes between a robot and the world: late commands, imperfect wheels, a place that is known late and inexactly.

The same text disturbs whole batches of training worlds and the one world of a run. Numbers are drawn by NumPy in
either case, so that both are disturbed alike. Dimensions: B worlds, N robots, K numbers of a robot.
"""

import math
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator

from mir2_core.config import StrictModel, parse, read_mapping
from mir2_core.errors import UserError, nearest
from mir2_core.tasks.geometry import Array
from mir2_core.types import FloatArray

SOURCE = "disturbance"
STANDS_M = 1e-8  # a way of nothing


def _up_to(high: float) -> AfterValidator:
    def check(value: float) -> float:
        if not 0.0 <= value <= high:
            raise ValueError(f"allowed: 0 to {high:g}")
        return value

    return AfterValidator(check)


class Disturbance(StrictModel):
    """How much of each there is; nothing by default. Latencies grow by up to the jitter, drawn anew every step."""

    pose_noise_m: Annotated[float, _up_to(0.5)] = 0.0  # standard deviation along x and along y
    heading_noise_rad: Annotated[float, _up_to(1.0)] = 0.0  # standard deviation
    drift_m: Annotated[float, _up_to(0.5)] = 0.0  # standard deviation of a place after a metre's way, by odometry
    drift_rad: Annotated[float, _up_to(1.0)] = 0.0  # of a heading; both grow with the root of the way
    dropouts_hz: Annotated[float, _up_to(10.0)] = 0.0  # how often a robot's place is lost; it then stays the last one
    dropout_s: Annotated[float, _up_to(2.0)] = 0.1  # mean time until it is found again
    state_latency_s: Annotated[float, _up_to(0.5)] = 0.0  # age of the place that a robot takes for that of now
    state_jitter_s: Annotated[float, _up_to(0.5)] = 0.0
    command_latency_s: Annotated[float, _up_to(0.5)] = 0.0  # from a command to the wheels
    command_jitter_s: Annotated[float, _up_to(0.5)] = 0.0
    dead_zone: Annotated[float, _up_to(0.5)] = 0.0  # share of the fastest wheel speed below which a wheel stands
    motor_lag_s: Annotated[float, _up_to(1.0)] = 0.0  # time constant of a wheel's speed
    wheel_mismatch: Annotated[float, _up_to(0.2)] = 0.0  # share by which each wheel turns out larger or smaller at most
    loss: Annotated[float, _up_to(1.0)] = 0.0  # share of the reports that are lost on each link
    clock_offset_s: Annotated[float, _up_to(0.5)] = 0.0  # by which each robot's clock is ahead or behind at most

    @property
    def senses(self) -> bool:
        """Whether robots do not know exactly where they are."""
        late = self.state_latency_s or self.state_jitter_s
        inexact = self.pose_noise_m or self.heading_noise_rad or self.drift_m or self.drift_rad
        return bool(inexact or self.dropouts_hz or late)

    @property
    def off(self) -> bool:
        """Whether nothing is disturbed."""
        late = self.command_latency_s or self.command_jitter_s
        between = self.loss or self.clock_offset_s
        return not (self.senses or late or self.dead_zone or self.motor_lag_s or self.wheel_mismatch or between)


PRESETS = {
    "ideal": Disturbance(),
    "lab": Disturbance(
        pose_noise_m=0.001,
        heading_noise_rad=0.01,
        dropouts_hz=0.1,
        dropout_s=0.1,
        state_latency_s=0.011,
        state_jitter_s=0.015,
        command_latency_s=0.017,
        command_jitter_s=0.017,
        dead_zone=0.01,
        motor_lag_s=0.05,
        wheel_mismatch=0.0125,
    ),
    "harsh": Disturbance(
        pose_noise_m=0.005,
        heading_noise_rad=0.05,
        dropouts_hz=0.5,
        dropout_s=0.5,
        state_latency_s=0.1,
        state_jitter_s=0.1,
        command_latency_s=0.1,
        command_jitter_s=0.1,
        dead_zone=0.05,
        motor_lag_s=0.15,
        wheel_mismatch=0.05,
    ),
}
"""Where the numbers come from is in `docs/sim_to_real.md`."""


def parse_disturbance(text: str, source: str = SOURCE) -> Disturbance:
    """Read `lab`, `{motor_lag_s: 0.1}` or `lab:{motor_lag_s: 0.1}`; nothing is `ideal`."""
    name, colon, changes = ("ideal", ":", text) if text.startswith("{") else text.partition(":")
    if (name or "ideal") not in PRESETS:
        raise UserError(f"{source} is '{text}': unknown preset '{name}'; {nearest(name, PRESETS)}")
    preset = PRESETS[name or "ideal"]
    return parse(preset.model_dump() | read_mapping(changes, source), Disturbance, source) if colon else preset


class Arrays(NamedTuple):
    """An array namespace, and what turns a NumPy array into one of its arrays."""

    xp: Any = np
    asarray: Callable[[Any], Array] = np.asarray


class Delay:
    """Lets values (B, N, K) arrive late by `latency` and up to `jitter` steps more, interpolated between steps."""

    def __init__(self, arrays: Arrays, latency: float, jitter: float, apart: Callable[[Array, Array], Array]) -> None:
        self._arrays, self._latency, self._jitter, self._apart = arrays, latency, jitter, apart
        self._depth = math.ceil(latency + jitter)
        self.past: list[Array] = []

    def __call__(self, newest: Array, first: Array, begins: Array, rng: np.random.Generator) -> Array:
        """What arrives now; where an episode `begins` (B, 1, 1), all that was before is `first`."""
        if not self._depth:
            return newest
        xp, asarray = self._arrays
        past = [xp.where(begins, first, value) for value in self.past or [first] * self._depth]
        age = self._latency + self._jitter * asarray(rng.random((*newest.shape[:2], 1)))
        arrives = newest
        for steps, value in enumerate(past, start=1):
            weight = xp.clip(1.0 - xp.abs(age - steps), 0.0, None)
            arrives = arrives + weight * self._apart(value, newest)
        self.past = [newest, *past][: self._depth]
        return arrives


class Motors:
    """What robots' wheels make of commands, in steps of `dt_s`."""

    def __init__(self, settings: Disturbance, dt_s: float, rng: np.random.Generator, arrays: Arrays) -> None:
        self._settings, self._dt_s, self._rng, self._arrays = settings, dt_s, rng, arrays
        latency, jitter = settings.command_latency_s / dt_s, settings.command_jitter_s / dt_s
        self._delay = Delay(arrays, latency, jitter, lambda value, newest: value - newest)
        self._speed: Array | None = None
        self._size: Array | None = None

    def __call__(self, commands: Array, begins: Array) -> Array:
        """The mean wheel speeds (B, N, 2) of a step told `commands` (B, N, 2), both in units of the fastest.

        Robots stand, and get wheels of their own, where an episode `begins` (B,).
        """
        settings, (xp, asarray) = self._settings, self._arrays
        begins, still = begins[:, None, None], xp.zeros_like(commands)
        size = 1.0 + settings.wheel_mismatch * asarray(2.0 * self._rng.random(tuple(commands.shape)) - 1.0)
        self._size = size if self._size is None else xp.where(begins, size, self._size)
        speed = still if self._speed is None else xp.where(begins, still, self._speed)
        told = self._delay(commands, still, begins, self._rng)
        told = xp.where(xp.abs(told) < settings.dead_zone, still, told)
        lag = settings.motor_lag_s / self._dt_s
        left = math.exp(-1.0 / lag) if lag else 0.0
        self._speed = told + left * (speed - told)
        return self._size * (told + lag * (1.0 - left) * (speed - told))

    def memory(self) -> list[Array]:
        """What it goes on from, once it was called."""
        return [] if self._speed is None else [self._speed, self._size, *self._delay.past]

    def recall(self, memory: list[Array]) -> None:
        """Go on from what another one of the same settings remembers."""
        if memory:
            self._speed, self._size, *self._delay.past = memory


class Sensing:
    """Where robots take themselves to be, in steps of `dt_s`."""

    def __init__(self, settings: Disturbance, dt_s: float, rng: np.random.Generator, arrays: Arrays) -> None:
        self._settings, self._dt_s, self._rng, self._arrays = settings, dt_s, rng, arrays
        self._delay = Delay(
            arrays, settings.state_latency_s / dt_s, settings.state_jitter_s / dt_s, self._turned_and_moved
        )
        self._before: Array | None = None
        self._drift: Array | None = None
        self._measured: Array | None = None
        self._lost: Array | None = None

    def __call__(self, states: Array, begins: Array) -> Array:
        """What is known (B, N, K) of `states` (B, N, K): x_m, y_m, heading_rad, and what else comes with them."""
        settings, rng, (xp, asarray) = self._settings, self._rng, self._arrays
        begins, (worlds, robots, numbers) = begins[:, None, None], states.shape
        drifted = states + self._drifted(states, begins)
        known = self._delay(drifted, drifted, begins, rng)
        spread = _spread(settings.pose_noise_m, settings.heading_noise_rad, numbers)
        known = known + asarray(spread * rng.standard_normal((worlds, robots, numbers)))
        loses, finds = settings.dropouts_hz * self._dt_s, self._dt_s / max(settings.dropout_s, self._dt_s)
        chance = asarray(rng.random((worlds, robots, 1)))
        if self._measured is None or self._lost is None:
            self._measured, self._lost = known, chance < 0.0
        lost = xp.where(self._lost, chance >= finds, chance < loses) & ~begins
        self._lost, self._measured = lost, xp.where(lost, self._measured, known)
        return self._measured

    def memory(self) -> list[Array]:
        """What it goes on from, once it was called."""
        own = [self._before, self._drift, self._measured, self._lost]
        return [] if self._measured is None else [*own, *self._delay.past]

    def recall(self, memory: list[Array]) -> None:
        """Go on from what another one of the same settings remembers."""
        if memory:
            self._before, self._drift, self._measured, self._lost, *self._delay.past = memory

    def _drifted(self, states: Array, begins: Array) -> Array:
        """By how much (B, N, K) odometry is off: a random walk along the way."""
        settings, (xp, asarray) = self._settings, self._arrays
        before = states if self._before is None else xp.where(begins, states, self._before)
        # Of no way at all the roots have no derivative.
        way_m = (xp.sum((states - before)[..., :2] ** 2, axis=-1) + STANDS_M**2)[..., None] ** 0.5
        spread = _spread(settings.drift_m, settings.drift_rad, states.shape[-1])
        steps = asarray(spread * self._rng.standard_normal(tuple(states.shape)))
        drift = xp.zeros_like(states) if self._drift is None else xp.where(begins, xp.zeros_like(states), self._drift)
        self._before, self._drift = states, drift + steps * way_m**0.5
        return self._drift

    def _turned_and_moved(self, value: Array, newest: Array) -> Array:
        """From `newest` to `value`; headings the short way round."""
        xp, away = self._arrays.xp, value - newest
        turned = (away[..., 2:3] + math.pi) % (2.0 * math.pi) - math.pi
        return xp.concatenate([away[..., :2], turned, away[..., 3:]], axis=-1)


def _spread(place_m: float, heading_rad: float, numbers: int) -> FloatArray:
    """Deviations (K,) of x_m, y_m and heading_rad; none of what else comes with them."""
    return np.array([place_m, place_m, heading_rad] + [0.0] * (numbers - 3))
