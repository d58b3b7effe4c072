"""Between the e-puck2's own units and SI: wheel steps, infrared echoes, battery, inertial sensors."""

import math

import numpy as np
from mir2_core.robots.epuck2 import EPUCK2, FIRMWARE_MAX_STEPS_PER_S, STEPS_PER_TURN

RAD_PER_STEP = math.tau / STEPS_PER_TURN
M_PER_STEP = RAD_PER_STEP * EPUCK2.wheel_radius_m
MOTOR_TIMER_HZ = 100_000  # the motors take half a step at each whole number of these ticks

# What an infrared sensor reads of a thing at a distance, after calibration: the table of the Webots model of the robot.
ECHO_M = np.array([0.0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08])
ECHO = np.array([4095.0, 2133.33, 1465.73, 601.46, 383.84, 234.93, 158.03, 120.0, 104.09, 67.19, 0.0])
HIGHEST_ECHO = 4095

# A 12-bit converter with a reference of 3 V behind a divider of 220 and 330 kΩ.
VOLTS_PER_COUNT = 3.0 / 4096.0 * (220.0 + 330.0) / 330.0
FULL_V, EMPTY_V = 4.2, 3.4
LOW_COUNT = 2900  # the firmware's own limits, 3.54 V
OFF_COUNT = 2600  # and 3.17 V

STANDARD_GRAVITY = 9.80665
MPS2_PER_COUNT = 2.0 / 32768.0 * STANDARD_GRAVITY  # a range of ±2 g
RADPS_PER_COUNT = math.radians(250.0) / 32768.0  # a range of ±250 °/s


def wheel_steps(v_mps: float, omega_radps: float) -> tuple[int, int]:
    """Whole steps/s of left and right for a body velocity; both are scaled alike if one is beyond the firmware's limit.

    Rounding is towards zero, so that no wheel turns faster than it was asked to.
    """
    scale = EPUCK2.speed_scale(v_mps, omega_radps) / RAD_PER_STEP
    left, right = (int(wheel_radps * scale) for wheel_radps in EPUCK2.wheels(v_mps, omega_radps))
    limit = FIRMWARE_MAX_STEPS_PER_S
    return max(-limit, min(limit, left)), max(-limit, min(limit, right))


def body_velocity(left: float, right: float) -> tuple[float, float]:
    """v_mps and omega_radps of wheel speeds in steps/s."""
    return EPUCK2.twist(left * RAD_PER_STEP, right * RAD_PER_STEP)


def motor_steps_per_s(asked: int) -> float:
    """What the firmware makes of a speed in steps/s: cut at its limit, and with whole ticks for each half step."""
    speed = max(-FIRMWARE_MAX_STEPS_PER_S, min(FIRMWARE_MAX_STEPS_PER_S, asked))
    if speed == 0:
        return 0.0
    return math.copysign(MOTOR_TIMER_HZ / (MOTOR_TIMER_HZ // (2 * abs(speed))) / 2.0, speed)


def echo_to_m(echo: int) -> float:
    """How far from the rim a thing is, `inf` for nothing within the range of the robot model's sensors."""
    distance_m = float(np.interp(echo, ECHO[::-1], ECHO_M[::-1]))
    return distance_m if distance_m < EPUCK2.proximity[0].range_m else math.inf


def m_to_echo(distance_m: float) -> int:
    """What a calibrated sensor reads of a thing at that distance."""
    return round(float(np.interp(distance_m, ECHO_M, ECHO)))


def battery_volts(count: int) -> float:
    """Volts of a reading of the battery."""
    return count * VOLTS_PER_COUNT


def battery_share(count: int) -> float:
    """How full the battery is, from 0 to 1, by the firmware's straight line."""
    return min(1.0, max(0.0, (battery_volts(count) - EMPTY_V) / (FULL_V - EMPTY_V)))


def acceleration_mps2(counts: tuple[int, int, int]) -> tuple[float, float, float]:
    """Forward, left and up, gravity included; the sensor's axes point right, forward and up."""
    right, forward, up = (count * MPS2_PER_COUNT for count in counts)
    return forward, -right, up


def turn_radps(counts: tuple[int, int, int]) -> tuple[float, float, float]:
    """Turn rates about forward, left and up."""
    right, forward, up = (count * RADPS_PER_COUNT for count in counts)
    return forward, -right, up
