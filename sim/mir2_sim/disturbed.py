"""The disturbances of `mir2_core.disturbance` in the batched worlds, where nobody stamps anything."""

from typing import Any

import numpy as np
from mir2_core.disturbance import Arrays, Disturbance, Motors, Sensing
from mir2_core.radio import Reception
from mir2_core.tasks import Task, on_floor
from torch import Tensor

from mir2_sim.hearing import Heard


class Disturbed:
    """What comes between the robots and the floor of a task; a `UserError` if it has none."""

    def __init__(self, settings: Disturbance, task: Task, rng: np.random.Generator) -> None:
        self._task = on_floor(task, "disturbance")
        self._rng = np.random.default_rng(int(rng.integers(2**63)))
        arrays = Arrays(task.xp, task.asarray)
        self._motors = Motors(settings, self._task.params.dt_s, self._rng, arrays)
        self._sensing = Sensing(settings, self._task.params.dt_s, self._rng, arrays)
        self._reception = Reception(settings, self._task.params.dt_s, self._rng, arrays) if settings.loss else None

    def known(self, state: Tensor, begins: Tensor) -> Tensor:
        """Where robots take themselves to be in `state` (B, N, 3), once a step."""
        known: Tensor = self._sensing(state, begins)
        return known

    def heard(self, state: Tensor, begins: Tensor) -> Heard:
        """What robots hear of each other in `state` (B, N, 3), in place of `known`."""
        known = self.known(state, begins)
        return Heard(known) if self._reception is None else Heard(*self._reception(known, begins))

    def moves(self, actions: Tensor, begins: Tensor) -> Tensor:
        """The actions (B, N, A) that move robots as their motors do when told `actions`."""
        model, xp = self._task.robot, self._task.xp
        speeds = self._motors(model.twist_to_action(*self._task.action_to_twist(actions), xp), begins)
        left_radps, right_radps = (model.max_wheel_radps * speeds[..., wheel] for wheel in (0, 1))
        moves: Tensor = self._task.twist_to_action(*model.twist(left_radps, right_radps))
        return moves

    def forget(self) -> None:
        """Let no gradient reach what came before."""
        for part in self._parts().values():
            part.recall([values.detach() for values in part.memory()])

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on from here."""
        self.forget()
        memories = {name: part.memory() for name, part in self._parts().items()}
        return memories | {"rng": self._rng.bit_generator.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        device = self._task.asarray(0.0).device
        for name, part in self._parts().items():
            part.recall([values.to(device) for values in state[name]])
        self._rng.bit_generator.state = state["rng"]

    def _parts(self) -> dict[str, Motors | Sensing | Reception]:
        """What remembers something."""
        parts: dict[str, Motors | Sensing | Reception] = {"motors": self._motors, "sensing": self._sensing}
        return parts if self._reception is None else parts | {"reception": self._reception}
