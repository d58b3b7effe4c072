"""Clocks that are driven and switched from outside; times in simulation are tested with the executors."""

import threading
from typing import Any

import pytest
from rclpy.clock import ClockChange, JumpThreshold, ROSClock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.time import Time
from rclpy.time_source import TimeSource
from ros_world import World
from rosgraph_msgs.msg import Clock as ClockMsg


def test_time_that_is_not_followed_does_not_jump() -> None:
    clock, jumps = ROSClock(), []
    threshold = JumpThreshold(min_forward=Duration(seconds=1), min_backward=None, on_clock_change=True)
    clock.create_jump_callback(threshold, post_callback=lambda jump: jumps.append((jump.clock_change, jump.delta)))
    clock.set_ros_time_override(Time(seconds=5))
    assert not jumps
    clock._set_ros_time_is_active(True)
    clock.set_ros_time_override(Time(seconds=5.5))
    clock.set_ros_time_override(Time(seconds=7))
    clock._set_ros_time_is_active(False)
    change = ClockChange
    assert [kind for kind, _ in jumps] == [
        change.ROS_TIME_ACTIVATED,
        change.ROS_TIME_NO_CHANGE,
        change.ROS_TIME_DEACTIVATED,
    ]
    assert jumps[1][1] == Duration(seconds=1.5)


def test_a_source_gives_all_its_clocks_the_last_time() -> None:
    source, early, late = TimeSource(), ROSClock(), ROSClock()
    source.attach_clock(early)
    source.ros_time_is_active = True
    message = ClockMsg()
    message.clock.sec = 3
    source.clock_callback(message)
    source.attach_clock(late)
    assert early.now() == late.now() == Time(seconds=3, clock_type=ClockType.ROS_TIME)


@pytest.mark.parametrize("simulated", [False, True])
def test_a_sleep_ends_when_ros_time_is_switched(world: World, simulated: bool) -> None:
    clock = ROSClock()
    clock._set_ros_time_is_active(simulated)
    slept: list[Any] = []
    until = clock.now() + Duration(seconds=1000)
    callbacks = len(world.context._callbacks)
    sleeper = threading.Thread(target=lambda: slept.append(clock.sleep_until(until, world.context)))
    sleeper.start()
    world.spin_until(lambda: len(world.context._callbacks) > callbacks)
    clock._set_ros_time_is_active(not simulated)
    sleeper.join()
    assert slept == [False]
