"""The e-puck2's driver and the process that keeps its robot, against emulated robots over real TCP."""

import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from mir2_core.driver import Level, require_drivable
from mir2_core.errors import UserError
from mir2_core.robots import EPUCK2
from mir2_core.roster import Roster
from mir2_core.types import Command
from mir2_hardware.epuck2.driver import make_driver
from mir2_hardware.epuck2.emulator.__main__ import roster_of
from mir2_hardware.epuck2.emulator.faults import LinkFault
from mir2_hardware.epuck2.keeper import SILENCE_S, Frame, News
from mir2_hardware.epuck2.packets import RED, SensorPacket
from mir2_hardware.epuck2.units import OFF_COUNT

from tests.ros import DEADLINE_S, wait_until

AHEAD = Command(0.0, 0.05, 0.0)
STILL = Command(0.0, 0.0, 0.0)
SPIN = Command(0.0, 0.0, 1.0)


class Held:
    """A driver whose robot is told the same again and again, as a node does it."""

    def __init__(self, driver):
        self.driver = driver
        self.command, self.applied, self.reading = STILL, STILL, None

    def turn(self):
        self.reading = self.driver.read()
        self.applied = self.driver.apply(self.command)

    def until(self, condition, what):
        def turned():
            self.turn()
            return condition()

        wait_until(turned, DEADLINE_S, what)


@pytest.fixture
def hold():
    held = []

    def make(lab, name="robot_0", **changes):
        robot = roster_of(lab, 2.0, "p").robot(name)
        held.append(Held(make_driver(robot.model_copy(update={"driver": robot.driver | changes}))))
        return held[-1]

    yield make
    for each in held:
        each.driver.close()


def stands(robot):
    return lambda: robot.firmware.motors == (0.0, 0.0)


def drives(robot):
    return lambda: robot.firmware.motors != (0.0, 0.0)


def test_it_drives_as_told_and_knows_where_it_is(make_room, hold):
    lab = make_room(seed=3)
    held, robot = hold(lab), lab.robots["robot_0"]
    held.until(lambda: held.reading, "the robot is heard")
    assert held.reading.state.pose == pytest.approx(tuple(lab.poses[0] % [10, 10, math.tau]), abs=0.01)
    held.command = Command(1.5, 0.05, 0.6)
    held.until(lambda: robot.firmware.motors[1] > 300, "it drives")
    assert held.applied.stamp_s == 1.5
    assert (held.applied.v_mps, held.applied.omega_radps) == pytest.approx((0.05, 0.6), abs=0.005)
    held.until(lambda: held.reading.state.v_mps > 0.045, "it knows how fast")
    assert held.reading.inertia.acceleration_mps2[2] == pytest.approx(9.8, abs=0.1)
    assert held.reading.battery.share > 0.9
    assert len(held.reading.ranges_m) == len(EPUCK2.proximity)
    assert held.driver.health().level is Level.OK
    held.until(lambda: held.reading.covariance[2, 2] > 1.5e-3, "it has driven a way")
    held.command = STILL
    held.until(lambda: stands(robot)() and held.reading.state.v_mps == 0.0, "it stands")
    offset_m = np.hypot(*(np.array(held.reading.state.pose[:2]) - lab.poses[0, :2]))
    assert offset_m < 0.02


def test_too_much_is_scaled_and_told(make_room, hold):
    lab = make_room()
    held = hold(lab)
    held.command = Command(0.0, 1.0, 5.0)
    held.until(lambda: held.applied.v_mps > 0.0, "it drives")
    assert held.applied.v_mps < EPUCK2.max_v_mps
    assert held.applied.omega_radps / held.applied.v_mps == pytest.approx(5.0, rel=0.02)
    held.command = Command(0.0, math.nan, 0.0)
    held.turn()
    assert (held.applied.v_mps, held.applied.omega_radps) == (0.0, 0.0)


def test_nothing_is_driven_before_the_robot_has_been_heard(make_room, hold):
    held = hold(make_room())
    held.command = AHEAD
    held.turn()
    assert held.applied.v_mps == 0.0
    assert held.driver.health().level is Level.ERROR
    held.until(lambda: held.applied.v_mps > 0.0, "it drives")


def test_leaving_makes_it_stand(make_room, hold):
    lab = make_room()
    held, robot = hold(lab), lab.robots["robot_0"]
    held.command = AHEAD
    held.until(drives(robot), "it drives")
    held.driver.close()
    assert stands(robot)()


DRIVE = """
import sys, time
from pathlib import Path
from mir2_core.roster import Roster
from mir2_core.types import Command
from mir2_core.driver import driver_module
robot = Roster.load(sys.argv[1]).robot("robot_0")
driver = driver_module(robot).make_driver(robot)
print("begun", flush=True)
while True:
    driver.read()
    driver.apply(Command(0.0, 0.05, 0.0))
    time.sleep(0.05)
"""


@pytest.fixture
def crash_dummy(make_room, tmp_path):
    """A driver in a process of its own, and its robot, which drives."""
    lab = make_room()
    path = tmp_path / "roster.yaml"
    roster_of(lab, 2.0, "p").save(path)
    process = subprocess.Popen([sys.executable, "-c", DRIVE, str(path)], stdout=subprocess.PIPE)
    robot = lab.robots["robot_0"]
    wait_until(drives(robot), DEADLINE_S, "it drives")
    yield process, robot
    process.kill()
    process.wait()
    wait_until(lambda: robot._client is None, DEADLINE_S, "the keeper has left")


def test_a_driver_that_is_killed_leaves_a_robot_that_stands(crash_dummy):
    process, robot = crash_dummy
    process.kill()
    wait_until(stands(robot), DEADLINE_S, "it stands")
    wait_until(lambda: robot._client is None, DEADLINE_S, "the keeper has left")
    assert stands(robot)()


def test_a_driver_that_hangs_makes_it_stand_until_it_goes_on(crash_dummy):
    process, robot = crash_dummy
    process.send_signal(signal.SIGSTOP)
    wait_until(stands(robot), DEADLINE_S, "it stands")
    time.sleep(2 * SILENCE_S)  # and stays so, connected
    assert stands(robot)()
    assert robot._client is not None
    process.send_signal(signal.SIGCONT)
    wait_until(drives(robot), DEADLINE_S, "it drives again")


def test_a_keeper_that_dies_or_hangs_is_started_again(make_room, hold):
    lab = make_room()
    held, robot = hold(lab), lab.robots["robot_0"]
    held.command = AHEAD
    held.until(drives(robot), "it drives")
    for restarts, number in enumerate((signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM), start=1):
        exchanges = robot.firmware.exchanges
        os.kill(held.driver.link.keeper, number)
        held.until(lambda n=restarts: held.driver.link.restarts == n, "there is a new keeper")
        held.until(lambda n=exchanges: robot.firmware.exchanges > n + 20 and held.applied.v_mps > 0, "it goes on")
    held.command = STILL
    held.until(stands(robot), "it obeys the new keeper")
    assert held.driver.health().facts["keeper started again"] == "3"


@pytest.mark.parametrize("fault", [LinkFault.RESET, LinkFault.GARBAGE, LinkFault.HALF_OPEN, LinkFault.OFF])
def test_a_link_that_breaks_is_told_and_comes_back(make_room, hold, fault):
    lab = make_room()
    held, robot = hold(lab), lab.robots["robot_0"]
    held.command = SPIN
    held.until(lambda: held.applied.omega_radps > 0.0, "it drives")
    robot.faults.add(fault)
    held.until(lambda: "the e-puck2 at 127.0.0.1:" in held.driver.health().text, "the driver notices")
    assert held.driver.health().level is Level.ERROR
    held.until(lambda: held.applied.omega_radps == 0.0, "it is to stand")
    robot.faults.discard(fault)
    held.until(lambda: held.reading and held.applied.omega_radps > 0.0 and drives(robot)(), "it drives again")
    assert held.driver.health().level is not Level.ERROR
    assert int(held.driver.health().facts["connections lost"]) >= 1


def test_a_robot_that_was_switched_off_and_on_says_that_its_odometry_is_a_guess(make_room, hold):
    lab = make_room()
    held, robot = hold(lab), lab.robots["robot_0"]
    held.command = SPIN
    held.until(lambda: robot.firmware._steps[1] > 400, "it has driven a way")
    robot.faults.add(LinkFault.OFF)
    held.until(lambda: held.reading is None, "the driver notices")
    robot.faults.discard(LinkFault.OFF)
    held.until(lambda: held.reading is not None, "it is heard again")
    assert held.driver.health().level is Level.WARN
    assert "odometry is a guess" in held.driver.health().text


def test_a_driver_that_is_started_again_knows_where_its_robot_is(make_room, tmp_path):
    lab = make_room()
    entry, robot, memory = roster_of(lab, 2.0, "p").robot("robot_0"), lab.robots["robot_0"], tmp_path / "odometry"
    held = Held(make_driver(entry, memory))
    held.command = Command(0.0, 0.05, 0.8)
    held.until(lambda: robot.firmware._steps[1] > 500, "it has driven a way")
    held.driver.link.close()  # as if it had died
    wait_until(stands(robot), DEADLINE_S, "it stands")
    for resume in (False, True):
        copy = tmp_path / f"copy_{resume}"
        copy.write_text(memory.read_text())
        after = Held(make_driver(entry, copy, resume=resume))
        after.until(lambda after=after: after.reading, "it is heard")
        true = lab.poses[0, :2]
        assert (np.hypot(*(np.array(after.reading.state.pose[:2]) - true)) < 0.02) == resume
        after.driver.close()


def test_a_slow_link_is_no_fault(make_room, hold):
    lab = make_room()
    lab.robots["robot_0"].faults.add(LinkFault.SLOW)
    held = hold(lab)
    held.command = SPIN
    held.until(lambda: held.reading and held.reading.state.omega_radps > 0.9, "it drives")
    assert held.driver.health().level is Level.OK


def test_batteries_are_told_and_an_empty_one_drives_nobody(make_room, hold):
    lab = make_room()
    held = hold(lab)
    held.command = AHEAD
    held.until(lambda: held.applied.v_mps > 0.0, "it drives")
    lab.robots["robot_0"].faults.add(LinkFault.LOW_BATTERY)
    held.until(lambda: held.driver.health().level is Level.WARN, "the battery is low")
    assert "charge it soon" in held.driver.health().text
    assert held.applied.v_mps > 0.0
    empty = SensorPacket(battery=OFF_COUNT, left_steps=held.driver._sensors.left_steps)
    held.driver._take(Frame(News.SENSORS, time.monotonic(), empty._replace(right_steps=empty.left_steps).encode()))
    assert held.driver.apply(AHEAD).v_mps == 0.0
    assert "the battery is empty" in held.driver.health().text


def test_a_traitor_shows_red_unless_the_roster_wants_none(make_room, hold):
    lab = make_room()
    held, dark = hold(lab), hold(lab, "robot_1", lights=False)
    for each in (held, dark):
        each.driver.show_traitor(True)
    dark.until(lambda: dark.reading, "it is heard")
    held.until(lambda: lab.robots["robot_0"].firmware.colours == [RED] * 4, "it shows red")
    assert lab.robots["robot_1"].firmware.leds == 0
    held.driver.show_traitor(False)
    held.until(lambda: lab.robots["robot_0"].firmware.leds == 0, "it is dark again")


def at(address):
    host, port = address
    robots = [
        {"name": "robot_0", "start": {"x_m": 1, "y_m": 1}, "driver": {"host": host, "port": port}},
        {"name": "robot_1", "start": {"x_m": 0.5, "y_m": 1}, "driver": {"host": "robot-1.local"}},
    ]
    return Roster.model_validate({"arena": {"size_m": 2.0}, "policy": "p", "robots": robots})


def test_nobody_there_and_somebody_else_there_are_told_apart(hold):
    server = socket.create_server(("127.0.0.1", 0))
    address = server.getsockname()
    threading.Thread(target=_serve_http, args=(server,), daemon=True).start()
    for words in ("does not speak as one: a reply begins with 0x48", "cannot be reached (Connection refused)"):
        held = Held(make_driver(at(address).robots[0]))
        held.until(lambda held=held, words=words: words in held.driver.health().text, words)
        held.driver.close()
        server.close()


def _serve_http(server):
    with server.accept()[0] as client:
        client.recv(100)
        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    server.close()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"driver": {}}, "robot 'robot_0', driver: key 'host' is missing"),
        ({"driver": {"host": "a", "prot": 1}}, "robot 'robot_0', driver: unknown key 'prot'.*did you mean 'port'"),
        ({"driver": {"host": "a", "port": 70000}}, "key 'port' is 70000: .*less than or equal to 65535"),
        ({"driver": {"host": "robot-1.local"}}, "'robot_0' and 'robot_1' have the same address robot-1.local:1000"),
        ({"start": None}, "robot 'robot_0' has no start"),
        ({"kind": "crazyflie"}, "there is no driver for the kind 'crazyflie'; kinds with one: epuck2"),
    ],
)
def test_what_a_roster_for_robots_must_say(change, complaint):
    roster = at(("a", 1))
    require_drivable(roster)
    wrong = roster.robots[0].model_copy(update=change)
    with pytest.raises(UserError, match=complaint):
        require_drivable(roster.model_copy(update={"robots": [wrong, roster.robots[1]]}))
