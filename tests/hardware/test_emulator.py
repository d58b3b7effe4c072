"""The emulated e-puck2, by its bytes and by what its body does."""

import json
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_hardware.epuck2.emulator.__main__ import main
from mir2_hardware.epuck2.emulator.faults import LinkFault, PlannedFault, parse_fault
from mir2_hardware.epuck2.emulator.firmware import QUEUE, Firmware
from mir2_hardware.epuck2.packets import (
    IMAGE_BYTES,
    RED,
    SENSOR_BYTES,
    SET_COUNTERS,
    CommandPacket,
    ProtocolError,
    ReplyReader,
    SensorPacket,
)
from mir2_hardware.epuck2.units import LOW_COUNT, RADPS_PER_COUNT

from tests.ros import DEADLINE_S, wait_until


def sensors_of(reply: bytes) -> SensorPacket:
    assert reply[0] == 2
    return SensorPacket.decode(reply[1:])


def test_nothing_is_said_before_the_first_command_and_then_without_being_asked():
    robot = Firmware()
    assert not robot.streaming
    robot.take(CommandPacket(100, 100).encode()[:20])
    assert not robot.streaming
    robot.take(b"\x00")
    assert robot.streaming
    assert [len(robot.exchange()) for _ in range(3)] == [1 + SENSOR_BYTES] * 3


@pytest.mark.parametrize(
    ("request_", "headers"), [(0, [3]), (1, [1]), (2, [2]), (3, [1, 2])], ids=["nothing", "image", "sensors", "both"]
)
def test_it_says_what_is_asked_for(request_, headers):
    robot = Firmware()
    robot.take(CommandPacket(request=request_).encode())
    reply = robot.exchange()
    assert [each.header for each in ReplyReader().feed(reply)] == headers
    assert len(reply) == len(headers) + (1 in headers) * IMAGE_BYTES + (2 in headers) * SENSOR_BYTES


def test_of_commands_that_queue_up_the_oldest_are_dropped():
    robot = Firmware()
    robot.take(b"".join(CommandPacket(100 * k, 0).encode() for k in range(1, QUEUE + 3)))
    assert robot.dropped == 2
    speeds = []
    for _ in range(QUEUE + 1):
        robot.exchange()
        speeds.append(robot.motors[0])
    assert speeds == pytest.approx([300, 400, 500, 600, 700, 700], rel=0.01)


def test_bytes_that_begin_no_command_are_skipped():
    robot = Firmware()
    robot.take(b"GET / HTTP/1.1\r\n\r\n" + CommandPacket(50, -50).encode())
    robot.exchange()
    assert robot.motors == (50.0, -50.0)


def test_counters_wrap_and_can_be_set_without_moving():
    robot = Firmware()
    robot.take(CommandPacket(32767, -32768, settings=SET_COUNTERS).encode())
    heard = sensors_of(robot.exchange())
    assert (heard.left_steps, heard.right_steps, robot.motors) == (32767, -32768, (0.0, 0.0))
    robot.take(CommandPacket(10, -10).encode())
    robot.exchange()
    robot.advance(1.0)
    heard = sensors_of(robot.exchange())
    assert (heard.left_steps, heard.right_steps) == (-32759, 32758)


def test_lights_are_as_told_and_impossible_colours_change_nothing():
    robot = Firmware()
    for colours in ((RED, RED, RED, RED), ((0, 0, 50), (101, 0, 0), (0, 0, 0), (255, 255, 255))):
        robot.take(CommandPacket(leds=0x1F, colours=colours).encode())
        robot.exchange()
    assert (robot.leds, robot.colours) == (0x1F, [(0, 0, 50), RED, (0, 0, 0), RED])


def test_the_body_drives_as_told_and_on_when_the_link_is_gone(make_room, connect):
    lab = make_room()
    robot, before = lab.robots["robot_0"], lab.poses.copy()
    client = connect(robot)
    client.tell(300, -300)
    heard = client.hear_until(lambda heard: heard.left_steps > 200)
    assert heard.right_steps < -200
    assert heard.gyro[2] * RADPS_PER_COUNT < -0.8, "it turns to the right"
    assert heard.acceleration[2] == 16384
    client.socket.close()
    wait_until(lambda: robot.firmware.exchanges and not robot._client, DEADLINE_S, "the robot notices")
    turned = lab.poses[0, 2]
    wait_until(lambda: abs(lab.poses[0, 2] - turned) > 0.5, DEADLINE_S, "it turns on without anybody")
    assert robot.firmware.motors == pytest.approx((300, -300), rel=0.01)
    assert lab.poses[1] == pytest.approx(before[1], abs=1e-3), "who was told nothing stands"


def test_sensors_see_walls_and_others(make_room, connect):
    lab = make_room()
    robot, client = lab.robots["robot_0"], connect(lab.robots["robot_0"])
    client.tell(1100, 1100)
    near = client.hear_until(lambda heard: max(heard.proximity) > 150)
    assert near.tof_mm < 100
    assert min(near.proximity[3], near.proximity[4]) == 0, "nothing is behind it"
    client.tell(0, 0)
    wait_until(lambda: robot.firmware.motors == (0.0, 0.0), DEADLINE_S, "it stands")


def test_one_client_is_served_and_the_next_when_it_has_left(make_room, connect):
    robot = make_room().robots["robot_0"]
    first, second = connect(robot), connect(robot)
    first.tell(10, 10)
    first.hear()
    second.tell(20, 20)
    second.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        second.hear()
    first.socket.close()
    second.socket.settimeout(DEADLINE_S)
    second.hear()
    assert robot.firmware.motors == pytest.approx((20, 20))


def test_a_reset_comes_in_the_middle_of_a_reply(make_room, connect):
    robot = make_room().robots["robot_0"]
    client = connect(robot)
    client.tell()
    client.hear()
    robot.faults.add(LinkFault.RESET)
    with pytest.raises(ConnectionError):
        client.hear_until(lambda _: False)
    assert 0 < len(client._reader._rest) <= SENSOR_BYTES
    again = connect(robot)
    again.tell()
    again.hear()


def test_garbage_is_no_reply(make_room, connect):
    robot = make_room().robots["robot_0"]
    client = connect(robot)
    client.tell()
    robot.faults.add(LinkFault.GARBAGE)
    with pytest.raises(ProtocolError):
        client.hear_until(lambda _: False)


def test_a_half_open_link_says_nothing_until_it_is_whole(make_room, connect):
    robot = make_room().robots["robot_0"]
    client = connect(robot)
    client.tell(30, 30)
    client.hear()
    robot.faults.add(LinkFault.HALF_OPEN)
    client.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.hear_until(lambda _: False)
    client.tell(60, 60)
    robot.faults.clear()
    client.socket.settimeout(DEADLINE_S)
    client.hear()
    wait_until(lambda: robot.firmware.motors[0] > 50, DEADLINE_S, "what was under way arrives")


def test_a_slow_link_is_late_and_loses_nothing(make_room, connect):
    robot = make_room().robots["robot_0"]
    robot.faults.add(LinkFault.SLOW)
    client = connect(robot)
    client.tell(40, 40)
    client.hear_until(lambda heard: heard.left_steps > 5)


def test_a_robot_that_is_switched_off_refuses_and_begins_anew(make_room, connect):
    robot = make_room().robots["robot_0"]
    client = connect(robot)
    client.tell(200, 200)
    client.hear_until(lambda heard: heard.left_steps > 20)
    robot.faults.add(LinkFault.OFF)
    with pytest.raises(ConnectionError):
        client.hear_until(lambda _: False)
    assert robot.firmware.motors == (0.0, 0.0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(robot.address)
    robot.faults.clear()
    wait_until(lambda: robot._server, DEADLINE_S, "it is on again")
    again = connect(robot)
    again.tell()
    assert again.hear().left_steps == 0


def test_a_low_battery_is_reported(make_room, connect):
    robot = make_room().robots["robot_0"]
    robot.faults.add(LinkFault.LOW_BATTERY)
    client = connect(robot)
    client.tell()
    client.hear_until(lambda heard: heard.battery < LOW_COUNT)


def test_faults_are_read_strictly():
    assert parse_fault("half-open@a:1.5:2", ["a", "b"]) == PlannedFault(LinkFault.HALF_OPEN, "a", 1.5, 2.0)
    for text, words in {
        "reset": "kind@robot:start_s",
        "reset@a:x": "kind@robot:start_s",
        "reset@a:1.2.3": "kind@robot:start_s",
        "rest@a:1": "did you mean 'reset'",
        "reset@c:1": "unknown robot 'c'; valid: a, b",
    }.items():
        with pytest.raises(UserError, match=words):
            parse_fault(text, ["a", "b"])


def test_one_command_starts_robots_and_writes_their_roster(tmp_path):
    path = tmp_path / "lab.yaml"
    words = ("--robots", "3", "--roster", str(path), "--fault", "off@robot_1:0")
    command = [sys.executable, "-m", "mir2_hardware.epuck2.emulator", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said = process.stdout.readline() + process.stdout.readline()
        assert "3 emulated e-puck2 at 127.0.0.1" in said
        assert f"backend:=hardware roster:={path}" in said
        roster = Roster.load(path)
        for robot, there in zip(roster.robots, (True, False, True), strict=True):
            assert robot.start is not None
            address = robot.driver["host"], robot.driver["port"]
            if there:
                socket.create_connection(address).close()
            else:
                wait_until(lambda address=address: refused(address), DEADLINE_S, "robot_1 is off")
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0
    assert "the widest pair is" in rest


def refused(address) -> bool:
    try:
        socket.create_connection(address).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--robots", "1"), "--robots is 1; allowed: 2 to 64"),
        (("--rate", "500"), "--rate is 500; allowed: 5 to 60"),
        (("--arena", "0.2"), "no room for 10 robots"),
        (("--fault", "reset"), "--fault is 'reset'"),
        (("--roster", "/nowhere/lab.yaml"), "cannot be written"),
    ],
)
def test_mistakes_on_its_command_line_are_one_line(words, complaint, tmp_path, capsys):
    with pytest.raises(SystemExit) as ending:
        main(["--roster", str(tmp_path / "lab.yaml"), *words])
    assert ending.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


# Its camera and its chat, which want large libraries, are left out.
INDEPENDENT = """
import json, sys
from unittest.mock import MagicMock
models = "unifr_api_epuck.epuck.models"
sys.modules |= {name: MagicMock() for name in ("torch", "cv2", "socketio", models + ".helper", models + ".yolo")}
from unifr_api_epuck.epuck.epuck_wifi import WifiEpuck

class Client(WifiEpuck):
    TCP_PORT = property(lambda self: int(sys.argv[1]), lambda self, port: None)

robot = Client("127.0.0.1")
robot.init_sensors()
robot.set_speed(3.0, -1.5)
robot.enable_led(1, 100, 0, 0)
robot.enable_body_led()
while robot.get_motors_steps()[0] < 300:
    assert robot.go_on()
print(json.dumps({
    "steps": robot.get_motors_steps(), "battery": robot.get_battery_level(), "tof": robot.get_tof(),
    "prox": robot.get_prox(), "acceleration": robot.get_accelerometer_axes(), "gyro": robot.get_gyro_axes(),
    "temperature": robot.get_temperature(),
}))
"""


@pytest.mark.skipif(not find_spec("unifr_api_epuck"), reason="needs: pip install --no-deps unifr-api-epuck")
def test_an_independent_client_drives_the_emulator_and_reads_it(make_room):
    robot = make_room().robots["robot_0"]
    command = [sys.executable, "-c", INDEPENDENT, str(robot.address[1])]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_S)
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout.splitlines()[-1])
    assert said["steps"][1] == pytest.approx(-said["steps"][0] / 2, abs=10)
    assert said["battery"] == robot.firmware.battery
    assert (said["temperature"], said["acceleration"][2]) == (25, 16384)
    assert said["gyro"][2] < 0
    assert len(said["prox"]) == 8
    assert said["tof"] > 0
    speeds = np.array([3.0, -1.5]) * 800 / 7.536
    assert robot.firmware.motors == pytest.approx(speeds, rel=0.02)
    assert (robot.firmware.colours[0], robot.firmware.leds) == (RED, 0x10)
