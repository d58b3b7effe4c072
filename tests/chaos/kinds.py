"""The ways in which a swarm is harmed, and what must hold after each."""

import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from builtin_interfaces.msg import Time
from geometry_msgs.msg import TwistStamped
from mir2_interfaces.msg import Fault, FaultArray
from nav_msgs.msg import Odometry
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Bool
from std_srvs.srv import SetBool

from tests.chaos.hostile import EVERY_READER, Flood
from tests.chaos.trial import Trial
from tests.ros import survivors, wait_until

NOBODY, VICTIM, EVERYBODY = "nobody", "the victim", "everybody"
LONG_S = 3.0  # of a flood
Harm = Callable[[Trial], None]


@dataclass(frozen=True)
class Kind:
    """A harm, who must stand within half a second of it, and what must be true at the end.

    `met`: who must have met in the end; `whole`: whether the launch may end with status 0; `named`: an event, or a word
    of one, that the record must hold; `cut`: the run cannot reach its duration; `no_figures`: who writes them is gone;
    `disk_full`: they go to the screen; `picture`: there is time to draw one.
    """

    harm: Harm
    stands: str = NOBODY
    met: str = EVERYBODY
    whole: bool = True
    named: str = ""
    cut: bool = False
    no_figures: bool = False
    disk_full: bool = False
    picture: bool = True
    environment: dict[str, str] = field(default_factory=dict)


def _pid(trial: Trial, node: str) -> int:
    return trial.process(node, trial.victim if node == "policy" else "")


def send(node: str, number: int, trial: Trial) -> None:
    """A signal to a node's process."""
    pid = _pid(trial, node)
    os.kill(pid, number)
    trial.harmed()
    trial.notes.append(f"{signal.Signals(number).name} to {node}")


def kill_the_launch(trial: Trial) -> None:
    """Everybody else has to see for himself."""
    trial.launch.process.kill()
    trial.harmed()
    wait_until(lambda: not survivors(trial.swarm.environment), 60.0, "all nodes have ended")


def pause(node: str, trial: Trial) -> None:
    """SIGSTOP, and SIGCONT after one to three seconds."""
    pid = _pid(trial, node)
    os.kill(pid, signal.SIGSTOP)
    trial.harmed()
    paused_s = trial.wait_s(1.0, 3.0)
    os.kill(pid, signal.SIGCONT)
    trial.notes.append(f"{node} paused for {paused_s:.2f} s")


def every(period_s: float, long_s: float, act: Callable[[], None]) -> int:
    """Do something again and again for a while; how often it was done."""
    count, end_s = 0, time.monotonic() + long_s
    while time.monotonic() < end_s:
        act()
        count += 1
        time.sleep(period_s)
    return count


def flood(what: str, below: Callable[[Trial], str], trial: Trial) -> None:
    """Hostile messages on every topic below a prefix."""
    made = Flood(trial.watcher.node, below(trial), trial.draw)
    time.sleep(0.5)  # publishers are found
    trial.harmed()
    rounds = every(0.01, LONG_S, getattr(made, what))
    trial.notes.append(f"{rounds} times on {made.topics} topics")


def second_driver(trial: Trial) -> None:
    """Somebody else publishes on the driver's own topic."""
    publisher = trial.watcher.node.create_publisher(TwistStamped, f"/{trial.victim}/cmd_vel", 10)
    time.sleep(0.5)
    message = TwistStamped()
    message.twist.linear.x, message.twist.angular.z = -0.1, 2.0
    trial.harmed()
    every(0.02, LONG_S, lambda: publisher.publish(message))


def false_faults(trial: Trial) -> None:
    """Somebody else says on `/faults` that every robot has one."""
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    publisher = trial.watcher.node.create_publisher(FaultArray, "/faults", latched)
    faults = [
        Fault(robot=name, fault=kind, active=True, on_commands=kind == "stop", on_reports=kind != "stop")
        for name in trial.names for kind in ("stop", "silence")
    ]  # fmt: skip
    time.sleep(0.5)
    trial.harmed()
    every(0.1, LONG_S, lambda: publisher.publish(FaultArray(faults=faults)))
    publisher.publish(FaultArray())


def false_clock(trial: Trial) -> None:
    """Somebody publishes on `/clock`, forwards and backwards."""
    publisher = trial.watcher.node.create_publisher(Clock, "/clock", 10)
    time.sleep(0.5)
    trial.harmed()
    every(0.02, LONG_S, lambda: publisher.publish(Clock(clock=Time(sec=trial.draw.randrange(2**31)))))


def false_odometry(shift_s: float, trial: Trial) -> None:
    """A driver repeats the robot's odometry with stamps of another clock."""
    node = trial.watcher.node
    publisher = node.create_publisher(Odometry, f"/{trial.victim}/odom", 10)

    def shifted(message: Odometry) -> None:
        if message.header.frame_id == "map" and message.child_frame_id != "again":
            message.child_frame_id = "again"
            message.header.stamp.sec = int(message.header.stamp.sec + shift_s)
            publisher.publish(message)

    subscription = node.create_subscription(Odometry, f"/{trial.victim}/odom", shifted, QoSProfile(depth=10))
    time.sleep(0.5)
    trial.harmed()
    time.sleep(LONG_S)
    node.destroy_subscription(subscription)


def _all_gates(trial: Trial) -> str:
    return f"{len(trial.names)} of {len(trial.names)} gates"


def press(trial: Trial) -> None:
    """Anybody may stop everybody; a person releases."""
    publisher = trial.watcher.node.create_publisher(Bool, "/emergency_stop", EVERY_READER)
    time.sleep(0.5)
    trial.harmed()
    publisher.publish(Bool(data=True))
    time.sleep(2.0)
    call(trial, "/emergency_stop/set", False, f"released at {_all_gates(trial)}")


def release_one(trial: Trial) -> None:
    """A stop holds, and somebody releases one robot behind the back of the emergency-stop node."""
    trial.harmed()
    call(trial, "/emergency_stop/set", True, f"set at {_all_gates(trial)}")
    time.sleep(1.0)
    call(trial, f"/{trial.victim}/gate/emergency_stop", False, "released")
    time.sleep(1.5)
    wait_until(lambda: not trial.watcher.moves(trial.victim), 10.0, f"{trial.victim} stands again")
    call(trial, "/emergency_stop/set", False, f"released at {_all_gates(trial)}")


def call(trial: Trial, service: str, on: bool, words: str) -> None:
    """Call a service of an emergency stop until its answer holds `words`: a busy gate may be late."""
    client = trial.watcher.node.create_client(SetBool, service)

    def answered() -> bool:
        answer = client.call_async(SetBool.Request(data=on)) if client.service_is_ready() else None
        end_s = time.monotonic() + 5.0
        while answer is not None and not answer.done() and time.monotonic() < end_s:
            time.sleep(0.01)
        return answer is not None and answer.done() and words in answer.result().message

    wait_until(answered, 60.0, f"{service} says {words}")


def jump(shift_s: float, trial: Trial) -> None:
    """Every node's wall clock is set at once, as by a time server."""
    Path(trial.swarm.environment["CHAOS_CLOCK"]).write_text(str(shift_s))
    trial.harmed()


def nothing(trial: Trial) -> None:
    """The harm is there from the beginning."""
    trial.harmed()


def fill_the_disk(trial: Trial) -> None:
    """No file of the monitor grows any more, as on a full disk."""
    resource.prlimit(trial.process("monitor"), resource.RLIMIT_FSIZE, (200, 200))
    trial.harmed()


LOSSY = "<CycloneDDS><Domain><Internal><Test><XmitLossiness>{}</XmitLossiness></Test></Internal></Domain></CycloneDDS>"
CLOCK = os.pathsep.join([str(Path(__file__).parent / "clock"), os.environ.get("PYTHONPATH", "")])

KINDS = {
    "policy killed": Kind(partial(send, "policy", signal.SIGKILL), VICTIM, whole=False, named="node_restarted"),
    "policy told to end": Kind(partial(send, "policy", signal.SIGTERM), VICTIM, whole=False, named="node_restarted"),
    "policy paused": Kind(partial(pause, "policy"), VICTIM, named="robot_absent"),
    "gates killed": Kind(partial(send, "gate", signal.SIGKILL), EVERYBODY, whole=False, named="node_restarted"),
    "gates paused": Kind(partial(pause, "gate"), EVERYBODY, named="gate_silent"),
    "injector killed": Kind(partial(send, "fault_injector", signal.SIGKILL), whole=False, named="node_died"),
    "injector paused": Kind(partial(pause, "fault_injector")),
    "emergency-stop node killed": Kind(
        partial(send, "emergency_stop", signal.SIGKILL), whole=False, named="node_restarted"
    ),
    "emergency-stop node paused": Kind(partial(pause, "emergency_stop")),
    "monitor killed": Kind(
        partial(send, "monitor", signal.SIGKILL), whole=False, met=NOBODY, named="node_died", cut=True, no_figures=True
    ),
    "monitor paused": Kind(partial(pause, "monitor"), named="monitor_paused"),
    "simulator killed": Kind(
        partial(send, "simulator", signal.SIGKILL), whole=False, met=NOBODY, named="node_died", cut=True
    ),
    "simulator paused": Kind(partial(pause, "simulator"), named="odom_silent"),
    "launch killed": Kind(kill_the_launch, whole=False, met=NOBODY, named="run_cut_short", cut=True, picture=False),
    "simulator hangs": Kind(
        partial(send, "simulator", signal.SIGSTOP), whole=False, met=NOBODY, named="run_cut_short", cut=True
    ),
    "bytes that are no message, everywhere": Kind(partial(flood, "bytes", lambda _: "/")),
    "any values, everywhere": Kind(partial(flood, "values", lambda _: "/"), named="foreign_publisher"),
    "any values, on one robot's topics": Kind(
        partial(flood, "values", lambda trial: f"/{trial.victim}/"), named="foreign_publisher"
    ),
    "second publisher on cmd_vel": Kind(second_driver, named="foreign_publisher"),
    "second publisher on /faults": Kind(false_faults, named="foreign_publisher"),
    "second publisher on /clock": Kind(false_clock, named="foreign_publisher"),
    "odometry an hour ahead": Kind(partial(false_odometry, 3600.0), named="odometry_refused"),
    "odometry an hour behind": Kind(partial(false_odometry, -3600.0), named="odometry_refused"),
    "stop pressed by anybody": Kind(press, EVERYBODY, named="emergency_stop_set"),
    "one robot released behind the node's back": Kind(release_one, EVERYBODY, named="emergency_stop_set"),
    "clock set back an hour": Kind(partial(jump, -3600.0), named="clock_set", environment={"PYTHONPATH": CLOCK}),
    "clock set forward an hour": Kind(partial(jump, 3600.0), named="clock_set", environment={"PYTHONPATH": CLOCK}),
    "disk full": Kind(fill_the_disk, whole=False, met=NOBODY, disk_full=True),
    "one packet of ten lost": Kind(nothing, environment={"CYCLONEDDS_URI": LOSSY.format(100)}),
    "three packets of ten lost": Kind(nothing, environment={"CYCLONEDDS_URI": LOSSY.format(300)}),
}
