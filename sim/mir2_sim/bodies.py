"""Bodies in the batched worlds: what the command gate leaves of the actions of robots that are in each other's way.

The same rules as in `mir2_core.gate` for robots that know where the others are, without lag and noise: walls, then
neighbours, then the speed of the wheels. Dimensions: B worlds, N robots.
"""

import math

import numpy as np
import torch
from mir2_core.gate_neighbours import MAX_DETOUR_RAD
from mir2_core.robots import RobotModel, robot_model
from mir2_core.tasks import FloorTask, Task, on_floor
from torch import Tensor

ROUNDING_RAD = 1e-5
SLOWEST_MPS = 1e-6


class Bodies:
    """The bodies of a team of one robot kind on the floor of a task."""

    def __init__(self, task: FloorTask, model: RobotModel) -> None:
        self._task, self._model = task, model
        self._itself = task.asarray(np.eye(task.params.robots)) > 0.0

    def allowed(self, poses: Tensor, actions: Tensor) -> Tensor:
        """What is let through of actions (B, N, 2) at poses (B, N, 3).

        Gradients pass through speeds and not through the choice of a way round.
        """
        v_mps, omega_radps = self._task.action_to_twist(actions)
        v_mps, omega_radps = self._clear(poses, self._inside(poses, v_mps), omega_radps)
        wheels: Tensor = self._model.twist_to_action(v_mps, omega_radps, torch)
        scale = 1.0 / wheels.abs().amax(dim=-1).clamp(min=1.0)
        wanted: Tensor = self._task.twist_to_action(scale * v_mps, scale * omega_radps)
        return wanted

    def _inside(self, poses: Tensor, v_mps: Tensor) -> Tensor:
        """The part of the speed that keeps bodies within the walls."""
        margin_m = self._model.radius_m + self._model.clearance_m
        for place, ahead in ((poses[..., 0], poses[..., 2].cos()), (poses[..., 1], poses[..., 2].sin())):
            outward = v_mps * ahead
            room_m = torch.where(outward > 0.0, self._task.params.arena_m - margin_m - place, place - margin_m)
            wanted_m = outward.abs() * self._task.params.dt_s
            v_mps = v_mps * (room_m.clamp(min=0.0) / wanted_m.clamp(min=SLOWEST_MPS)).clamp(max=1.0)
        return v_mps

    def _clear(self, poses: Tensor, v_mps: Tensor, omega_radps: Tensor) -> tuple[Tensor, Tensor]:
        """Speeds that use up at most half of the room to any neighbour, on the nearest open way."""
        dt_s, fastest = self._task.params.dt_s, self._model.max_omega_radps
        offset = poses[:, None, :, :2] - poses[:, :, None, :2]
        distance_m = (offset.square().sum(dim=-1) + 1e-12).sqrt()
        direction_rad = (poses[..., 2] + math.pi * (v_mps < 0.0)).detach()
        bearing_rad = torch.atan2(offset[..., 1], offset[..., 0]).detach() - direction_rad[..., None]
        room_m = (distance_m - self._model.spacing_m).clamp(min=0.0)
        cos = 0.5 * room_m / (v_mps.abs() * dt_s).clamp(min=SLOWEST_MPS)[..., None]
        near = (cos < 1.0) & (v_mps != 0.0)[..., None] & ~self._itself
        half_rad = torch.where(near, torch.acos(cos.detach().clamp(max=1.0)), -1.0)
        asked_rad = (omega_radps * dt_s).clamp(-fastest * dt_s, fastest * dt_s)
        way_rad = nearest_open(asked_rad.detach(), bearing_rad, half_rad)
        changed = way_rad != asked_rad
        omega_radps = torch.where(changed, (way_rad / dt_s).clamp(-fastest, fastest), omega_radps)
        turn_rad = (omega_radps * dt_s).detach().clamp(-fastest * dt_s, fastest * dt_s)[..., None]
        off_rad = wrapped(bearing_rad)
        most_direct = off_rad - torch.maximum(torch.minimum(off_rad, turn_rad.clamp(min=0.0)), turn_rad.clamp(max=0.0))
        towards = most_direct.cos()
        blocks = near & (towards > cos + ROUNDING_RAD)
        part = torch.where(blocks, cos / torch.where(blocks, towards, 1.0), 1.0)
        return v_mps * part.amin(dim=-1), omega_radps


def some_bodies(task: Task) -> Bodies:
    """Bodies of the kind that a policy of the task is made for; a `UserError` if the task has no floor."""
    return Bodies(on_floor(task, "randomisation.bodies"), robot_model(task.robot_kind))


def nearest_open(asked_rad: Tensor, bearing_rad: Tensor, half_rad: Tensor) -> Tensor:
    """The direction (B, N) nearest to the asked one that no obstacle closes; the asked one if none is near.

    Obstacles (B, N, M) close the directions within `half_rad` of `bearing_rad`; a negative half closes none.
    """
    edges_rad = torch.cat([bearing_rad - half_rad, bearing_rad + half_rad], dim=-1)
    ways_rad = torch.cat([asked_rad[..., None], edges_rad], dim=-1)
    apart_rad = wrapped(ways_rad[..., :, None] - bearing_rad[..., None, :]).abs()
    is_open = (apart_rad >= half_rad[..., None, :] - ROUNDING_RAD).all(dim=-1)
    is_edge = torch.cat([half_rad >= 0.0, half_rad >= 0.0], dim=-1)
    usable = is_open & torch.cat([torch.ones_like(is_edge[..., :1]), is_edge], dim=-1)
    detour_rad = torch.where(usable, wrapped(ways_rad - asked_rad[..., None]).abs(), torch.inf)
    # What is open as asked needs no detour, and comes first.
    detour_rad[..., 0] = torch.where(usable[..., 0], -1.0, torch.inf)
    least_rad, best = detour_rad.min(dim=-1)
    chosen_rad = wrapped(ways_rad.gather(-1, best[..., None])[..., 0])
    return torch.where((best > 0) & (least_rad <= MAX_DETOUR_RAD), chosen_rad, asked_rad)


def wrapped(angle_rad: Tensor) -> Tensor:
    """The same angle in [−π, π)."""
    return torch.remainder(angle_rad + math.pi, 2.0 * math.pi) - math.pi
