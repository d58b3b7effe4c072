"""Two teams side by side, from the same start and each with a liar that was trained against it: a picture and a film.

Every team is played twice through the real nodes, loyal and attacked; what is drawn is what the nodes recorded.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from mir2_core.bundle import PolicyBundle
from mir2_core.errors import UserError
from mir2_core.pictures import BENIGN, REPORTED, TRAITOR, draw_arena
from mir2_core.robots.epuck2 import EPUCK2
from mir2_core.run import Run
from mir2_core.tasks import FloorTask
from mir2_core.traitors.trained import AdversaryBundle
from mir2_core.traitors.traitor import Memory, Moment, Situation
from mir2_core.types import FloatArray

from mir2_policies.evaluation.episodes import Arena
from mir2_policies.evaluation.measure import bundle_task
from mir2_policies.evaluation.ros import RunRecord, play_run

TURNS_S = 2.0  # when the liar begins
DURATION_S = 20.0
TRAIL_S = 4.0
FRAME_STEPS, FRAMES_PER_S = 4, 5  # twice as fast as it was
LIAR = 0
SHOWN_S = 6.0  # the moment of the picture
TRUTH = "#7a7a7a"


class Team(NamedTuple):
    """A policy and the liar that was trained against it."""

    title: str
    policy: Path
    liar: Path


class Side(NamedTuple):
    """What a team did: T steps of N robots."""

    title: str
    time_s: FloatArray  # (T + 1,)
    poses: FloatArray  # (T + 1, N, 3)
    claimed: FloatArray  # (T + 1, 3) where the liar said it was; NaN while it told the truth
    attacked: FloatArray  # (T + 1,) benign return so far
    loyal: FloatArray  # (T + 1,) of the same robots from the same start, with nobody compromised
    refused: float  # share of the liar's reports that its allies did not believe

    @property
    def lost(self) -> float:
        """Benign return that the liar has cost."""
        return float(self.loyal[-1] - self.attacked[-1])


def play_sides(teams: Sequence[Team], seed: int, folder: Path, jobs: int) -> list[Side]:
    """Play every team, loyal and attacked, into the folder."""
    with ThreadPoolExecutor(jobs) as pool:
        playing = {
            (team, attacked): pool.submit(_play, team, attacked, seed, folder) for team in teams for attacked in (0, 1)
        }
    return [_side(team, playing[team, 0].result(), playing[team, 1].result(), seed) for team in teams]


def draw(sides: Sequence[Side], arena_m: float, seed: int, directory: Path) -> None:
    """Write `showcase.png` and `showcase.gif`."""
    directory.mkdir(parents=True, exist_ok=True)
    scene = _Scene(sides, arena_m, seed)
    scene.show(int(np.searchsorted(sides[0].time_s, SHOWN_S)))
    scene.figure.savefig(directory / "showcase.png", dpi=100)
    scene.figure.set_layout_engine("none")  # as it is now, for every frame
    film = PillowWriter(fps=FRAMES_PER_S)
    with film.saving(scene.figure, str(directory / "showcase.gif"), dpi=70):
        for step in range(0, len(sides[0].time_s), FRAME_STEPS):
            scene.show(step)
            film.grab_frame()


def _play(team: Team, attacked: int, seed: int, folder: Path) -> RunRecord:
    fault = f"adversary({team.liar.resolve()})@robot_{LIAR}:{TURNS_S:g}" if attacked else ""
    task = bundle_task(PolicyBundle.load(team.policy))
    values = {
        "robots": task.params.robots,
        "policy": str(team.policy.resolve()),
        "mode": "lockstep",
        "duration_s": DURATION_S,
        "seed": seed,
        "fault": fault,
        "robots_per_process": task.params.robots,
        "record": False,
    }
    record = play_run(Run.model_validate(values), folder / f"{team.policy.stem}-{'attacked' if attacked else 'loyal'}")
    if record.status:
        raise UserError(f"{team.title}: the run was not whole (exit status {record.status}): {record.complaint}")
    return record


def _side(team: Team, loyal: RunRecord, attacked: RunRecord, seed: int) -> Side:
    task = bundle_task(PolicyBundle.load(team.policy))
    return Side(
        title=team.title,
        time_s=attacked.time_s,
        poses=attacked.poses,
        claimed=_claimed(task, AdversaryBundle.load(team.liar), attacked.poses, seed),
        attacked=_benign_return(task, attacked),
        loyal=_benign_return(task, loyal),
        refused=_refused(attacked),
    )


def _benign_return(task: FloorTask, record: RunRecord) -> FloatArray:
    actions = task.twist_to_action(record.twists[..., 0], record.twists[..., 1])
    rewards = Arena(task, [LIAR]).benign_reward(record.poses[1:], actions)
    return np.concatenate([[0.0], np.cumsum(rewards)])


def _claimed(task: FloorTask, liar: AdversaryBundle, poses: FloatArray, seed: int) -> FloatArray:
    """What the liar told its allies of itself, worked out as the injector did it."""
    claimed, memory, first = np.full((len(poses), 3), np.nan), Memory(), round(TURNS_S / task.params.dt_s)
    for step, places in enumerate(poses[first:]):
        memory.note(step, Moment(places[None], lambda: None))
        deed = liar(Situation(task, EPUCK2, [LIAR], seed, step, memory))
        if deed.reported is not None:
            claimed[first + step] = deed.reported[0, 0]
    return claimed


def _refused(record: RunRecord) -> float:
    """The share of the liar's reports that its allies did not believe."""
    counts = record.metrics["refused_reports"].get(f"robot_{LIAR}", {})
    told = record.compromised[:, LIAR].sum() * (len(record.names) - 1)
    return float(sum(counts.values()) / told)


class _Scene:
    """One figure that is moved from step to step."""

    def __init__(self, sides: Sequence[Side], arena_m: float, seed: int) -> None:
        self.sides = sides
        self.figure = Figure(figsize=(9.6, 7.2), layout="constrained")
        grid = self.figure.add_gridspec(2, len(sides), height_ratios=(2.4, 1.0))
        self._floors = [self.figure.add_subplot(grid[0, k]) for k in range(len(sides))]
        self._curves = self.figure.add_subplot(grid[1, :])
        self._lines: list[tuple[Any, Any]] = []
        self._parts: list[Any] = []
        title = (
            f"Three e-puck2 in PyBullet through ROS nodes, seed {seed}. From second {TURNS_S:g} robot {LIAR} lies\n"
            "about where it is, as it was trained to against this very team (without the nodes' checks of reports)"
        )
        self.figure.suptitle(title, fontsize=11)
        for axes, side in zip(self._floors, sides, strict=True):
            draw_arena(axes, arena_m)
            edge_m = 1.2 * EPUCK2.radius_m
            low_high = (-edge_m, arena_m + edge_m)
            axes.set(xlim=low_high, ylim=low_high, xlabel="", ylabel="", xticks=[], yticks=[], facecolor="#fafafa")
            axes.set_title(side.title, fontsize=12)
        self._draw_curves()

    def _draw_curves(self) -> None:
        axes = self._curves
        lowest = min(float(min(side.attacked.min(), side.loyal.min())) for side in self.sides)
        for k, side in enumerate(self.sides):
            style: dict[str, Any] = {"color": ("#8d5a97", BENIGN)[k % 2], "linewidth": 1.8}
            axes.plot(side.time_s, side.loyal, linestyle=":", alpha=0.8, **(style | {"linewidth": 1.2}))
            refused = f"{100.0 * side.refused:.0f} % of its reports are refused"
            label = f"{side.title}: the liar costs {_number(side.lost)}; {refused}"
            self._lines.append((axes.plot([], [], label=label, **style)[0], side))
        axes.axvline(TURNS_S, color=TRAITOR, linewidth=0.8, linestyle="--")
        axes.set(xlim=(0.0, DURATION_S), ylim=(1.08 * lowest, 0.5), xlabel="time (s)", ylabel="benign return so far")
        axes.legend(fontsize=9, loc="upper right", title="dotted: same start, nobody compromised", title_fontsize=8)
        axes.grid(alpha=0.2)

    def show(self, step: int) -> list[Any]:
        """Move everything to a step."""
        while self._parts:
            self._parts.pop().remove()
        for axes, side in zip(self._floors, self.sides, strict=True):
            self._draw_robots(axes, side, step)
        for line, side in self._lines:
            line.set_data(side.time_s[: step + 1], side.attacked[: step + 1])
        return self._parts

    def _draw_robots(self, axes: Any, side: Side, step: int) -> None:
        lies = bool(np.isfinite(side.claimed[step, 0]))
        first = max(0, step - round(TRAIL_S / (side.time_s[1] - side.time_s[0])))
        for robot, (x, y, heading) in enumerate(side.poses[step].tolist()):
            colour = TRAITOR if robot == LIAR and lies else BENIGN
            trail = side.poses[[first, *range(first, step + 1)], robot, :2]
            pieces = np.stack([trail[:-1], trail[1:]], axis=1)
            fading = LineCollection(
                list(pieces), colors=colour, linewidths=1.6, alpha=np.linspace(0.05, 0.7, len(pieces))
            )
            self._parts.append(axes.add_collection(fading))
            self._disc(axes, (x, y, heading), facecolor=colour, edgecolor="white", zorder=4)
            self._parts.append(axes.annotate(str(robot), (x, y), (9, 7), textcoords="offset points", fontsize=9))
        if lies:
            claimed = tuple(side.claimed[step].tolist())
            self._disc(axes, claimed, facecolor="none", edgecolor=REPORTED, linestyle="--", zorder=3)
            x, y, _ = side.poses[step, LIAR].tolist()
            (link,) = axes.plot([x, claimed[0]], [y, claimed[1]], color=REPORTED, linewidth=0.8, linestyle=":")
            side_m = axes.get_xlim()[1]
            place = (
                min(max(claimed[0], 0.2 * side_m), 0.8 * side_m),
                claimed[1] + (0.06 if claimed[1] < 0.9 else -0.12),
            )
            text = axes.text(*place, f"“I am here”, says {LIAR}", fontsize=8, color="#a86a10", ha="center")
            self._parts += [link, text]
        clock = axes.text(0.03, 0.04, f"{side.time_s[step]:4.1f} s", transform=axes.transAxes, fontsize=10)
        self._parts.append(clock)

    def _disc(self, axes: Any, pose: tuple[float, float, float], **style: Any) -> None:
        x, y, heading = pose
        radius = EPUCK2.radius_m
        self._parts.append(axes.add_patch(Circle((x, y), radius, linewidth=1.4, **style)))
        tip = (x + 1.5 * radius * math.cos(heading), y + 1.5 * radius * math.sin(heading))
        colour = style["edgecolor"] if style["facecolor"] == "none" else style["facecolor"]
        (nose,) = axes.plot([x, tip[0]], [y, tip[1]], color=colour, linewidth=1.8, zorder=style["zorder"] - 0.5)
        self._parts.append(nose)


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")
