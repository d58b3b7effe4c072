"""Timers, simulated time, tasks, threads and logging."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from builtin_interfaces.msg import Time as TimeMsg
from rcl_interfaces.msg import Log
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, JumpThreshold
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.executors import (
    ConditionReachedException,
    ExternalShutdownException,
    MultiThreadedExecutor,
    ShutdownException,
    TimeoutException,
)
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_rosout_default
from rclpy.task import Future
from rclpy.time import Time
from ros_world import DEADLINE_S, World
from rosgraph_msgs.msg import Clock as ClockMsg
from std_msgs.msg import Int32
from std_srvs.srv import Trigger


def test_timers_fire_until_cancelled(world: World) -> None:
    node = world.node()
    calls: list[int] = []
    timer = node.create_timer(0.01, lambda: calls.append(1))
    idle = node.create_timer(0.01, lambda: calls.append(1000), autostart=False)
    world.spin_until(lambda: len(calls) >= 3)
    assert idle.is_canceled()
    timer.cancel()
    count = len(calls)
    world.executor.spin_once(timeout_sec=0.05)
    assert len(calls) == count
    timer.reset()
    world.spin_until(lambda: len(calls) > count)
    assert sum(calls) == len(calls)


def test_a_late_timer_skips_periods_and_keeps_its_phase() -> None:
    from rclpy.clock import ROSClock
    from rclpy.timer import Timer

    clock = ROSClock()
    clock._set_ros_time_is_active(True)
    timer = Timer(lambda: None, MutuallyExclusiveCallbackGroup(), 10, clock)
    clock.set_ros_time_override(Time(nanoseconds=37, clock_type=ClockType.ROS_TIME))
    assert timer.take_job() is not None
    assert timer.take_job() is None
    assert timer.time_until_next_call() == 3


def stamp(seconds: int) -> Any:
    return ClockMsg(clock=TimeMsg(sec=seconds))


def test_simulated_time_drives_clock_and_timers(make_world: Callable[..., World]) -> None:
    world = make_world("--ros-args", "-p", "use_sim_time:=true")
    node = world.node()
    simulator = make_world().node("simulator").create_publisher(ClockMsg, "/clock", 10)
    fired: list[int] = []
    jumps: list[int] = []
    node.create_timer(2.0, lambda: fired.append(node.get_clock().now().nanoseconds // 10**9))
    backward = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1))
    node.get_clock().create_jump_callback(backward, post_callback=lambda jump: jumps.append(jump.delta.nanoseconds))
    assert node.get_clock().now().nanoseconds == 0
    world.spin_until(lambda: simulator.get_subscription_count() == 1)
    for second in range(1, 8):
        simulator.publish(stamp(second))
        world.spin_until(lambda second=second: node.get_clock().now().nanoseconds == second * 10**9)
        world.spin_until(lambda second=second: len(fired) == second // 2)
    assert fired == [2, 4, 6]
    simulator.publish(stamp(1))
    world.spin_until(lambda: bool(jumps))
    assert jumps == [-6 * 10**9]
    node.set_parameters([Parameter("use_sim_time", value=False)])
    assert node.get_clock().now().nanoseconds > 10**18


def test_sleeping_on_simulated_time(make_world: Callable[..., World]) -> None:
    world = make_world("--ros-args", "-p", "use_sim_time:=true")
    node = world.node()
    clock = node.get_clock()
    slept: list[bool] = []
    sleeper = threading.Thread(target=lambda: slept.append(clock.sleep_for(Duration(seconds=5), world.context)))
    sleeper.start()
    publisher = node.create_publisher(ClockMsg, "/clock", 1)
    seconds = iter(range(1, 10**6))

    def publish_until_awake() -> bool:
        publisher.publish(stamp(next(seconds)))
        return bool(slept)

    world.spin_until(publish_until_awake)
    sleeper.join(DEADLINE_S)
    assert slept == [True]


def test_times_and_durations() -> None:
    now = Time(seconds=2, nanoseconds=5)
    assert now + Duration(seconds=1) == Time(nanoseconds=3_000_000_005)
    assert now - Time(seconds=1) == Duration(nanoseconds=1_000_000_005)
    assert Time.from_msg(now.to_msg(), ClockType.SYSTEM_TIME) == now
    assert Duration.from_msg(Duration(nanoseconds=-1).to_msg()) == Duration(nanoseconds=-1)
    assert Duration(seconds=0.5) < Duration(seconds=1)
    with pytest.raises(TypeError):
        _ = now < Time(clock_type=ClockType.ROS_TIME)
    assert Clock(clock_type=ClockType.STEADY_TIME).now().clock_type == ClockType.STEADY_TIME


def test_an_exception_in_a_callback_comes_out_of_spin(world: World) -> None:
    def fail() -> None:
        raise ZeroDivisionError("in a callback")

    world.node().create_timer(0.001, fail)
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        world.executor.spin()


def test_shutdown_from_another_thread_ends_spin(world: World) -> None:
    world.node()
    threading.Timer(0.1, world.context.try_shutdown).start()
    with pytest.raises(ExternalShutdownException):
        world.executor.spin()


def test_shutdown_in_a_callback_ends_spin_quietly(world: World) -> None:
    world.node().create_timer(0.001, world.context.shutdown)
    world.executor.spin()
    assert not world.context.ok()


def test_guard_conditions_and_tasks(world: World) -> None:
    node = world.node()
    seen: list[str] = []
    guard = node.create_guard_condition(lambda: seen.append("guard"))
    threading.Timer(0.05, guard.trigger).start()
    world.spin_until(lambda: seen == ["guard"])

    async def add(left: int, right: int) -> int:
        return left + right

    assert world.answer(world.executor.create_task(add, 2, right=3)) == 5
    assert world.answer(world.executor.create_task(lambda: 7)) == 7


def test_cancelled_tasks_do_not_run(world: World) -> None:
    ran: list[str] = []
    opened = Future(executor=world.executor)

    async def wait() -> None:
        ran.append("started")
        await opened
        ran.append("resumed")

    waiting = world.executor.create_task(wait)
    world.spin_until(lambda: ran == ["started"])
    cancelled = [waiting, world.executor.create_task(ran.append, "function"), world.executor.create_task(wait)]
    for task in cancelled:
        task.cancel()
    opened.set_result(None)
    assert world.answer(world.executor.create_task(lambda: 7)) == 7
    assert world.answer(world.executor.create_task(lambda: 8)) == 8  # after what the future has put in the queue
    assert ran == ["started"]
    assert all(task.cancelled() and not task.done() for task in cancelled)


def test_a_task_that_goes_on_for_ever_leaves_time_to_others(world: World) -> None:
    ticks: list[int] = []

    class Yield:
        def __await__(self) -> Any:
            yield

    async def poll() -> None:
        while True:
            await Yield()

    forever = world.executor.create_task(poll)
    world.node().create_timer(0.001, lambda: ticks.append(1))
    world.spin_until(lambda: len(ticks) > 2)
    forever.cancel()


def test_an_executor_of_ones_own(world: World) -> None:
    node = world.node()
    ticks: list[int] = []
    timer = node.create_timer(0.001, lambda: ticks.append(1))
    task, entity, owner = world.executor.wait_for_ready_callbacks(timeout_sec=DEADLINE_S)
    assert (entity, owner, ticks) == (timer, node, [])
    task()
    assert ticks == [1]
    timer.cancel()
    with pytest.raises(TimeoutException):
        world.executor.wait_for_ready_callbacks(timeout_sec=0)
    with pytest.raises(ConditionReachedException):
        world.executor.wait_for_ready_callbacks(condition=lambda: True)
    world.executor.shutdown()
    with pytest.raises(ShutdownException):
        world.executor.wait_for_ready_callbacks()


def test_callbacks_added_and_removed_while_spinning(world: World) -> None:
    node = world.node()
    heard: list[int] = []
    publisher = node.create_publisher(Int32, "numbers", 1)

    def once(message: Any) -> None:
        heard.append(message.data)
        node.destroy_subscription(subscription)

    subscription = node.create_subscription(Int32, "numbers", once, 1)
    node.create_timer(0.01, lambda: publisher.publish(Int32(data=len(heard))))
    world.spin_until(lambda: bool(heard) and publisher.get_subscription_count() == 0)
    assert heard == [0]


def test_shutdown_ends_the_waits_of_all_threads(world: World) -> None:
    world.node()
    threads = [threading.Thread(target=world.executor.spin) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)  # let them wait; the outcome is the same if one has not got there
    world.executor.shutdown()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def pool(world: World) -> Any:
    executor = MultiThreadedExecutor(4, context=world.context)
    world.executor = executor
    return executor


def test_threads_run_a_reentrant_group_in_parallel(world: World, pool: MultiThreadedExecutor) -> None:
    node = world.node()
    both = threading.Barrier(2)
    met: list[int] = []

    def meet() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            met.append(both.wait(DEADLINE_S))

    timer = node.create_timer(0.001, meet, ReentrantCallbackGroup())
    world.spin_until(lambda: len(met) >= 2)
    timer.cancel()
    both.abort()


def test_threads_respect_mutual_exclusion(world: World, pool: MultiThreadedExecutor) -> None:
    node = world.node()
    inside, most, calls = [0], [0], [0]

    def count() -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.002)
        inside[0] -= 1
        calls[0] += 1

    for _ in range(3):
        node.create_timer(0.001, count)
    world.spin_until(lambda: calls[0] >= 20)
    assert most[0] == 1


def test_a_callback_may_wait_for_a_service(world: World, pool: MultiThreadedExecutor) -> None:
    node = world.node()
    group = MutuallyExclusiveCallbackGroup()
    node.create_service(Trigger, "ask", lambda _, response: Trigger.Response(message="answer"), callback_group=group)
    client = node.create_client(Trigger, "ask", callback_group=ReentrantCallbackGroup())
    assert client.wait_for_service(DEADLINE_S)
    answers: list[str] = []

    def ask() -> None:
        timer.cancel()
        answers.append(client.call(Trigger.Request(), timeout_sec=DEADLINE_S).message)

    timer = node.create_timer(0.001, ask)
    world.spin_until(lambda: answers == ["answer"])


def test_logging_to_terminal_and_rosout(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    node = world.node("talker", namespace="/r1")
    heard: list[Any] = []
    node.create_subscription(Log, "/rosout", heard.append, qos_profile_rosout_default)
    for index in range(3):
        node.get_logger().info(f"once {index}", once=True)
        node.get_logger().info(f"skipped {index}", skip_first=True)
        node.get_logger().warning(f"seldom {index}", throttle_duration_sec=1000.0)
    node.get_logger().debug("hidden")
    node.get_logger().get_child("part").error("broken")
    world.spin_until(lambda: len(heard) == 5)
    assert [message.msg for message in heard] == ["once 0", "seldom 0", "skipped 1", "skipped 2", "broken"]
    assert (heard[4].name, heard[4].level, heard[4].function) == (
        "r1.talker.part",
        40,
        "test_logging_to_terminal_and_rosout",
    )
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 5
    assert lines[1].startswith("[WARN] [")
    assert lines[1].endswith("] [r1.talker]: seldom 0")
