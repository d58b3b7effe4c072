"""The driver of an e-puck2 that is reached by Wi-Fi."""

import math
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mir2_core.config import StrictModel, parse
from mir2_core.driver import Battery, Health, Inertia, Level, Reading
from mir2_core.robots.epuck2 import TOF
from mir2_core.roster import RobotEntry
from mir2_core.types import Command
from pydantic import Field

from mir2_hardware.epuck2 import units
from mir2_hardware.epuck2.keeper import REPLY_S, Frame, News
from mir2_hardware.epuck2.link import Link
from mir2_hardware.epuck2.odometry import Odometry, Step
from mir2_hardware.epuck2.packets import OFF, PORT, RED, CommandPacket, ProtocolError, SensorPacket

REMEMBER_S = 0.5
ALL_LEDS = 0b11111  # LED1, 3, 5, 7 and the body's


class EPuck2Settings(StrictModel):
    """What the roster's `driver` says of an e-puck2."""

    host: str = Field(min_length=1, description="name or address of the robot in the network")
    port: int = Field(default=PORT, ge=1, le=65535)
    lights: bool = Field(default=True, description="whether a robot that is compromised shows red")


def _settings(robot: RobotEntry) -> EPuck2Settings:
    return parse(robot.driver, EPuck2Settings, f"robot '{robot.name}', driver")


def address(robot: RobotEntry) -> str:
    """Host and port of a robot."""
    settings = _settings(robot)
    return f"{settings.host}:{settings.port}"


class EPuck2Driver:
    """Speaks to a robot through its keeper; a robot that has not been heard lately is told to stand.

    Where it is goes into the file `memory`, from which a driver that is started again goes on with `resume`.
    """

    def __init__(
        self, settings: EPuck2Settings, start: tuple[float, float, float], memory: Path | None, *, resume: bool
    ) -> None:
        self._lights = settings.lights
        self._odometry = Odometry(start)
        self._memory, self._remembered_s = memory, 0.0
        if resume and memory and memory.exists():
            self._odometry.recall(memory.read_text(encoding="utf-8"))
        self.link = Link(settings.host, settings.port)
        self._packet = CommandPacket()
        self._sensors: SensorPacket | None = None
        self._heard_s = -math.inf
        self._trouble = "nothing has been heard of it yet"
        self._heard = self._lost = self._refused = self._begun_anew = self._held = 0

    def read(self) -> Reading | None:
        """The newest reading; None where nothing has been heard for a second."""
        for frame in self.link.receive():
            self._take(frame)
        estimate = self._odometry.estimate
        if estimate is None or self._sensors is None or not self._alive:
            return None
        sensors = self._sensors
        if self._memory and estimate.state.stamp_s - self._remembered_s > REMEMBER_S:
            self._remembered_s = estimate.state.stamp_s
            self._remember(self._memory)
        return Reading(
            state=estimate.state,
            covariance=estimate.covariance,
            ranges_m=tuple(map(units.echo_to_m, sensors.proximity)),
            ahead_m=sensors.tof_mm / 1000.0 if sensors.tof_mm < 1000.0 * TOF.range_m else math.inf,
            inertia=Inertia(units.acceleration_mps2(sensors.acceleration), units.turn_radps(sensors.gyro)),
            battery=Battery(units.battery_volts(sensors.battery), units.battery_share(sensors.battery)),
        )

    def _remember(self, memory: Path) -> None:
        """Without waiting for the disk: it is to outlive this process, not the machine."""
        partial = memory.with_name(f"{memory.name}.partial")
        with suppress(OSError):  # of a disk that is full
            partial.write_text(self._odometry.remember(), encoding="utf-8")
            partial.replace(memory)

    @property
    def _alive(self) -> bool:
        return time.monotonic() - self._heard_s <= REPLY_S

    def _take(self, frame: Frame) -> None:
        if frame.news == News.SENSORS:
            self._take_sensors(frame)
        elif frame.news == News.UP:
            self._trouble = ""
        elif frame.news == News.DOWN:
            self._lost += not self._trouble
            self._trouble, self._heard_s = frame.body.decode(errors="replace"), -math.inf
        elif frame.news == News.STANDS:
            self._held += 1

    def _take_sensors(self, frame: Frame) -> None:
        try:
            sensors = SensorPacket.decode(frame.body)
        except ProtocolError:
            return  # the keeper cuts replies to their length
        step = self._odometry.update(frame.time_s, sensors.left_steps, sensors.right_steps)
        if step is Step.IMPOSSIBLE:
            self._refused += 1
            return
        self._begun_anew += step is Step.BEGUN_ANEW
        self._sensors, self._heard_s = sensors, frame.time_s
        self._heard += 1

    def apply(self, command: Command) -> Command:
        """Tell the wheels, in whole steps/s; returns what they were told as a body velocity."""
        free = command.is_finite() and self._alive and not self._empty
        left, right = units.wheel_steps(command.v_mps, command.omega_radps) if free else (0, 0)
        self._packet = replace(self._packet, left=left, right=right)
        self.link.send(self._packet)
        return Command(command.stamp_s, *units.body_velocity(left, right))

    @property
    def _empty(self) -> bool:
        return self._sensors is not None and self._sensors.battery <= units.OFF_COUNT

    def show_traitor(self, traitor: bool) -> None:
        """Light everything red, or nothing."""
        if self._lights:
            colour = RED if traitor else OFF
            self._packet = replace(self._packet, leds=ALL_LEDS if traitor else 0, colours=(colour,) * 4)

    def health(self) -> Health:
        """The link, then the battery, then the odometry."""
        facts = {
            "packets": str(self._heard),
            "connections lost": str(self._lost),
            "impossible step counts": str(self._refused),
            "counters begun anew": str(self._begun_anew),
            "stopped since the driver was silent": str(self._held),
            "keeper started again": str(self.link.restarts),
        }
        if self._trouble or not self._alive:
            return Health(
                Level.ERROR, self._trouble or f"nothing possible has been heard of it for {REPLY_S:g} s", facts
            )
        if self._empty:
            return Health(Level.ERROR, "the battery is empty, it stands; charge it", facts)
        if self._sensors and self._sensors.battery <= units.LOW_COUNT:
            return Health(Level.WARN, "the battery is low; charge it soon", facts)
        if self._begun_anew:
            return Health(Level.WARN, "its counters began anew: odometry is a guess; put it at its start again", facts)
        return Health(Level.OK, "drives", facts)

    def close(self) -> None:
        """Let the keeper make it stand."""
        self.link.close()
        if self._memory:
            self._memory.unlink(missing_ok=True)


def make_driver(robot: RobotEntry, memory: Path | None = None, *, resume: bool = False) -> EPuck2Driver:
    """The driver of a robot that stands at the roster's start, or of one that has driven since as `memory` says."""
    assert robot.start is not None
    start = (robot.start.x_m, robot.start.y_m, robot.start.heading_rad)
    return EPuck2Driver(_settings(robot), start, memory, resume=resume)
