"""The e-puck2's packets, byte by byte."""

import math
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mir2_hardware.epuck2.packets import (
    BODY_BYTES,
    IMAGE_BYTES,
    RED,
    SENSOR_BYTES,
    CommandPacket,
    ProtocolError,
    Reply,
    ReplyReader,
    SensorPacket,
)

INT16, UINT16, BYTE = st.integers(-(2**15), 2**15 - 1), st.integers(0, 2**16 - 1), st.integers(0, 255)
FLOAT32 = st.floats(width=32, allow_nan=False)
COLOUR = st.tuples(BYTE, BYTE, BYTE)
COMMANDS = st.builds(
    CommandPacket, INT16, INT16, BYTE, BYTE, BYTE, st.tuples(COLOUR, COLOUR, COLOUR, COLOUR), BYTE
)  # fmt: skip


def times(count, numbers):
    return st.tuples(*[numbers] * count)


SENSORS = st.builds(
    SensorPacket,
    times(3, INT16), times(3, FLOAT32), times(3, INT16), times(3, FLOAT32), st.integers(-128, 127), times(8, UINT16),
    times(8, UINT16), UINT16, times(4, UINT16), INT16, INT16, UINT16, BYTE, times(3, BYTE), BYTE, times(3, UINT16),
    times(3, UINT16), BYTE,
)  # fmt: skip


def test_a_command_has_its_bytes_where_the_firmware_reads_them():
    packet = CommandPacket(left=-2, right=1000, settings=1, leds=0x21, colours=(RED, (1, 2, 3), (4, 5, 6), (7, 8, 9)))
    assert packet.encode().hex(" ") == "80 02 01 fe ff e8 03 21 64 00 00 01 02 03 04 05 06 07 08 09 00"


@pytest.mark.parametrize(
    ("offset", "layout", "field", "value"),
    [
        (0, "<3h", "acceleration", (-1, 2, 16384)),
        (6, "<3f", "spherical", (1.5, -0.25, 90.0)),
        (18, "<3h", "gyro", (-3, 4, 32767)),
        (24, "<3f", "magnetometer", (0.5, -2.0, 40.0)),
        (36, "<b", "temperature", -5),
        (37, "<8H", "proximity", (0, 1, 2, 3, 4, 5, 6, 4095)),
        (53, "<8H", "ambient", (8, 7, 6, 5, 4, 3, 2, 65535)),
        (69, "<H", "tof_mm", 8190),
        (71, "<4H", "microphones", (1, 2, 3, 4)),
        (79, "<h", "left_steps", -32768),
        (81, "<h", "right_steps", 32767),
        (83, "<H", "battery", 3439),
        (85, "<B", "micro_sd", 1),
        (86, "<3B", "remote", (1, 2, 3)),
        (89, "<B", "selector", 15),
        (90, "<3H", "ground", (300, 900, 1000)),
        (96, "<3H", "ground_ambient", (4, 5, 6)),
        (102, "<B", "button", 1),
    ],
)
def test_a_sensor_packet_has_its_bytes_where_the_firmware_writes_them(offset, layout, field, value):
    expected = bytearray(SENSOR_BYTES)
    struct.pack_into(layout, expected, offset, *(value if isinstance(value, tuple) else (value,)))
    assert SensorPacket(**{field: value}).encode() == bytes(expected)
    assert getattr(SensorPacket.decode(bytes(expected)), field) == value


@given(COMMANDS)
def test_a_command_survives_the_wire(command):
    assert CommandPacket.decode(command.encode()) == command


@given(SENSORS)
def test_a_sensor_packet_survives_the_wire(sensors):
    assert SensorPacket.decode(sensors.encode()) == sensors


@given(st.binary(min_size=SENSOR_BYTES, max_size=SENSOR_BYTES))
def test_any_104_bytes_are_a_sensor_packet(body):
    sensors = SensorPacket.decode(body)
    if all(map(math.isfinite, (*sensors.spherical, *sensors.magnetometer))):
        assert sensors.encode()[:103] == body[:103]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_packet_or_a_protocol_error(chunk):
    for read in (CommandPacket.decode, SensorPacket.decode, ReplyReader().feed):
        with suppress(ProtocolError):
            read(chunk)


@given(st.integers(), st.integers())
def test_speeds_that_do_not_fit_are_refused(left, right):
    if all(-(2**15) <= speed < 2**15 for speed in (left, right)):
        assert len(CommandPacket(left, right).encode()) == 21
    else:
        with pytest.raises(ProtocolError, match="does not fit"):
            CommandPacket(left, right).encode()


@given(st.lists(st.sampled_from((2, 3)), max_size=6), st.lists(st.integers(1, 250), max_size=10))
def test_replies_are_cut_out_of_a_stream_however_it_arrives(headers, cuts):
    replies = [Reply(header, bytes([k]) * BODY_BYTES[header]) for k, header in enumerate(headers)]
    stream = b"".join(bytes([reply.header]) + reply.body for reply in replies)
    reader, found = ReplyReader(), []
    for cut in cuts:
        found += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert found + reader.feed(stream) == replies


def test_an_image_is_a_reply_and_a_stranger_is_named():
    reader = ReplyReader()
    assert reader.feed(b"\x01" + bytes(IMAGE_BYTES)) == [Reply(1, bytes(IMAGE_BYTES))]
    with pytest.raises(ProtocolError, match="begins with 0x48, not with one of 0x01, 0x02, 0x03: this is no e-puck2"):
        reader.feed(b"HTTP/1.1 400")
