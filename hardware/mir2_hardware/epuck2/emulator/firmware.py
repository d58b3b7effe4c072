"""What an emulated e-puck2's firmware does: commands in, replies out, motors and step counters."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from mir2_core.robots.epuck2 import TOF

from mir2_hardware.epuck2.packets import (
    BRIGHTEST,
    COMMAND_BYTES,
    COMMAND_ID,
    IMAGE,
    IMAGE_BYTES,
    NOTHING,
    SENSORS,
    SET_COUNTERS,
    WANT_IMAGE,
    WANT_SENSORS,
    Colour,
    CommandPacket,
    SensorPacket,
)
from mir2_hardware.epuck2.units import (
    MPS2_PER_COUNT,
    RADPS_PER_COUNT,
    STANDARD_GRAVITY,
    m_to_echo,
    motor_steps_per_s,
)

QUEUE = 5  # commands that wait; an older one makes room for a newer one
FULL_BATTERY = 3440
SELECTOR = 15  # where the robot listens by Wi-Fi
TOF_NOTHING_MM = 8190  # what the sensor says of nothing in sight
ROOM_C = 25


@dataclass(frozen=True)
class Surroundings:
    """What the body's sensors meet: distances from the rim, `inf` for nothing, and how the body moves."""

    proximity_m: Sequence[float] = (math.inf,) * 8
    tof_m: float = math.inf
    acceleration_mps2: float = 0.0  # forward
    turn_radps: float = 0.0


class Firmware:
    """One robot. It knows nothing of links: whoever holds one feeds bytes in and asks for the next reply.

    The motors go on as they were told last, whatever becomes of the link: there is no dead-man.
    """

    def __init__(self) -> None:
        self.surroundings = Surroundings()
        self.battery = FULL_BATTERY
        self.dropped = 0
        self.exchanges = 0
        self.switch_on()

    def switch_on(self) -> None:
        """Begin anew: motors stand, counters are zero, lights are out."""
        self.motors = (0.0, 0.0)  # steps/s
        self._steps = [0.0, 0.0]
        self.leds = 0
        self.colours: list[Colour] = [(0, 0, 0)] * 4
        self.connect()

    def connect(self) -> None:
        """A client has come: replies begin with its first command."""
        self._bytes = bytearray()
        self._queue: deque[CommandPacket] = deque(maxlen=QUEUE)
        self._command: CommandPacket | None = None

    @property
    def streaming(self) -> bool:
        """Whether replies are due, which none are before the first command."""
        return bool(self._queue) or self._command is not None

    def take(self, chunk: bytes) -> None:
        """Queue the commands that bytes complete; bytes that begin no command are skipped."""
        self._bytes += chunk
        while self._bytes:
            if self._bytes[0] != COMMAND_ID:
                del self._bytes[0]
            elif len(self._bytes) < COMMAND_BYTES:
                return
            else:
                self.dropped += len(self._queue) == QUEUE
                self._queue.append(CommandPacket.decode(bytes(self._bytes[:COMMAND_BYTES])))
                del self._bytes[:COMMAND_BYTES]

    def exchange(self) -> bytes:
        """Obey the next command, if there is one, and make the reply that the newest one asks for."""
        self.exchanges += 1
        if self._queue:
            self._command = self._queue.popleft()
            self._obey(self._command)
        request = self._command.request if self._command else 0
        reply = b""
        if request & WANT_IMAGE:
            reply += bytes([IMAGE]) + bytes(IMAGE_BYTES)
        if request & WANT_SENSORS:
            reply += bytes([SENSORS]) + self._sensors().encode()
        return reply or bytes([NOTHING])

    def _obey(self, command: CommandPacket) -> None:
        if command.settings & SET_COUNTERS:
            self._steps = [float(command.left), float(command.right)]
        else:
            self.motors = motor_steps_per_s(command.left), motor_steps_per_s(command.right)
        self.leds = command.leds
        for k, colour in enumerate(command.colours):
            if max(colour) <= BRIGHTEST:  # others leave a light as it is
                self.colours[k] = colour

    def advance(self, duration_s: float) -> None:
        """Let the motors step; they are stepper motors, which count what they were told and not what wheels did."""
        self._steps = [steps + speed * duration_s for steps, speed in zip(self._steps, self.motors, strict=True)]

    def _sensors(self) -> SensorPacket:
        around = self.surroundings
        forward = _count(around.acceleration_mps2 / MPS2_PER_COUNT)
        seen = around.tof_m < TOF.range_m
        left, right = (_wrapped(math.trunc(steps)) for steps in self._steps)
        return SensorPacket(
            acceleration=(0, forward, _count(STANDARD_GRAVITY / MPS2_PER_COUNT)),
            gyro=(0, 0, _count(around.turn_radps / RADPS_PER_COUNT)),
            temperature=ROOM_C,
            proximity=tuple(map(m_to_echo, around.proximity_m)),
            tof_mm=round(1000.0 * around.tof_m) if seen else TOF_NOTHING_MM,
            left_steps=left,
            right_steps=right,
            battery=self.battery,
            selector=SELECTOR,
        )


def _wrapped(steps: int) -> int:
    return (steps + 2**15) % 2**16 - 2**15


def _count(value: float) -> int:
    """A reading of 16 bits, which stays at its end beyond it."""
    return max(-(2**15), min(2**15 - 1, round(value)))
