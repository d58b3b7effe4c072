"""The e-puck2's Wi-Fi protocol: commands of 21 bytes to the robot, replies of a header and a body from it.

All numbers are little endian. The layouts are those of the robot's firmware, whose sensor body ends with a spare byte.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

PORT = 1000
COMMAND_ID = 0x80
COMMAND_BYTES = 21
IMAGE, SENSORS, NOTHING = 0x01, 0x02, 0x03
IMAGE_BYTES = 160 * 120 * 2
SENSOR_BYTES = 104
BODY_BYTES = {IMAGE: IMAGE_BYTES, SENSORS: SENSOR_BYTES, NOTHING: 0}

WANT_IMAGE, WANT_SENSORS = 1, 2
CALIBRATE_IR, AVOID_OBSTACLES, SET_COUNTERS = 1, 2, 4
LOWEST, HIGHEST = -(2**15), 2**15 - 1
BRIGHTEST = 100

_COMMAND = struct.Struct("<BBBhhB12sB")
_SENSORS = struct.Struct("<3h3f3h3fb8H8HH4H2hHB3BB3H3HBx")

Colour = tuple[int, int, int]
OFF: Colour = (0, 0, 0)
RED: Colour = (BRIGHTEST, 0, 0)


class ProtocolError(Exception):
    """Bytes that no e-puck2 sends, or none that speaks to one may send."""


@dataclass(frozen=True)
class CommandPacket:
    """What a robot is told.

    `left` and `right` are wheel speeds in steps/s, or the counters' new values with `SET_COUNTERS` in `settings`;
    `leds` has a bit for each of LED1, 3, 5, 7, the body's and the front's; `colours` are those of LED2, 4, 6 and 8.
    """

    left: int = 0
    right: int = 0
    request: int = WANT_SENSORS
    settings: int = 0
    leds: int = 0
    colours: tuple[Colour, Colour, Colour, Colour] = field(default=(OFF,) * 4)
    sound: int = 0

    def encode(self) -> bytes:
        """The packet; `ProtocolError` for numbers that do not fit."""
        try:
            lights = bytes(part for colour in self.colours for part in colour)
            if len(lights) != 12:
                raise ProtocolError(f"colours are {self.colours}; allowed: four of three numbers each")
            return _COMMAND.pack(
                COMMAND_ID, self.request, self.settings, self.left, self.right, self.leds, lights, self.sound
            )
        except (struct.error, ValueError) as error:
            raise ProtocolError(f"{self} does not fit into a command packet: {error}") from None

    @classmethod
    def decode(cls, packet: bytes) -> "CommandPacket":
        """Read a whole packet; `ProtocolError` for what is none."""
        if len(packet) != COMMAND_BYTES or packet[0] != COMMAND_ID:
            raise ProtocolError(
                f"{len(packet)} bytes that begin with {_shown(packet)} are no command packet: "
                f"{COMMAND_BYTES} bytes that begin with 0x{COMMAND_ID:02x}"
            )
        _, request, settings, left, right, leds, lights, sound = _COMMAND.unpack(packet)
        colours = tuple((lights[k], lights[k + 1], lights[k + 2]) for k in range(0, 12, 3))
        return cls(left, right, request, settings, leds, (colours[0], colours[1], colours[2], colours[3]), sound)


class SensorPacket(NamedTuple):
    """What a robot says of itself, in the robot's own units; wheel counters are in steps and wrap at 16 bits."""

    acceleration: tuple[int, int, int] = (0, 0, 0)
    spherical: tuple[float, float, float] = (0.0, 0.0, 0.0)  # magnitude, orientation, inclination
    gyro: tuple[int, int, int] = (0, 0, 0)
    magnetometer: tuple[float, float, float] = (0.0, 0.0, 0.0)
    temperature: int = 0
    proximity: tuple[int, ...] = (0,) * 8
    ambient: tuple[int, ...] = (0,) * 8
    tof_mm: int = 0
    microphones: tuple[int, ...] = (0,) * 4
    left_steps: int = 0
    right_steps: int = 0
    battery: int = 0
    micro_sd: int = 0
    remote: tuple[int, int, int] = (0, 0, 0)  # toggle, address, data
    selector: int = 0
    ground: tuple[int, int, int] = (0, 0, 0)
    ground_ambient: tuple[int, int, int] = (0, 0, 0)
    button: int = 0

    def encode(self) -> bytes:
        """The body of a sensor reply; `ProtocolError` for numbers that do not fit."""
        numbers = [number for value in self for number in (value if isinstance(value, tuple) else (value,))]
        try:
            return _SENSORS.pack(*numbers)
        except (struct.error, OverflowError) as error:
            raise ProtocolError(f"{self} does not fit into a sensor packet: {error}") from None

    @classmethod
    def decode(cls, body: bytes) -> "SensorPacket":
        """Read the body of a sensor reply; `ProtocolError` for another length."""
        if len(body) != SENSOR_BYTES:
            raise ProtocolError(f"{len(body)} bytes are no sensor packet, which has {SENSOR_BYTES}")
        n = _SENSORS.unpack(body)
        return cls(
            acceleration=n[0:3],
            spherical=n[3:6],
            gyro=n[6:9],
            magnetometer=n[9:12],
            temperature=n[12],
            proximity=n[13:21],
            ambient=n[21:29],
            tof_mm=n[29],
            microphones=n[30:34],
            left_steps=n[34],
            right_steps=n[35],
            battery=n[36],
            micro_sd=n[37],
            remote=n[38:41],
            selector=n[41],
            ground=n[42:45],
            ground_ambient=n[45:48],
            button=n[48],
        )


class Reply(NamedTuple):
    """One reply of a robot: its header and its body."""

    header: int
    body: bytes


class ReplyReader:
    """Cuts a stream of bytes into replies; nothing in the stream allows to find the next reply after a wrong byte."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[Reply]:
        """The replies that are complete now; `ProtocolError` for a header that no e-puck2 sends."""
        self._rest += chunk
        replies = []
        while self._rest:
            header = self._rest[0]
            if header not in BODY_BYTES:
                raise ProtocolError(
                    f"a reply begins with {_shown(bytes(self._rest))}, not with one of "
                    f"{', '.join(f'0x{known:02x}' for known in BODY_BYTES)}: this is no e-puck2, or the link is broken"
                )
            length = 1 + BODY_BYTES[header]
            if len(self._rest) < length:
                break
            replies.append(Reply(header, bytes(self._rest[1:length])))
            del self._rest[:length]
        return replies


def _shown(packet: bytes) -> str:
    return f"0x{packet[0]:02x}" if packet else "nothing"
