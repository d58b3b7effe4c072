"""`ros2 topic echo` and `ros2 topic pub`."""

from __future__ import annotations

import argparse
import time
from typing import Any

import rclpy
import yaml
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from .discovery import command_node, discover, find_types
from .messages import StampSetter, Style, fill, find_type, to_csv, to_yaml
from .parsing import Status, add_hidden, add_values, natural, positive_float, read_values
from .qos_options import add_qos, chosen_qos, is_chosen

TRUNCATE_LENGTH = 128


def add_echo(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `echo`."""
    add = parser.add_argument
    add("topic_name", help="name of the topic")
    add("message_type", nargs="?", help="type, such as 'std_msgs/msg/String'")
    add_hidden(parser)
    add_qos(parser, "sensor_data")
    add("--csv", action="store_true", help="all values on one line, separated by commas")
    add("--field", help="a field of the message, such as pose.pose.position")
    add("-f", "--full-length", action="store_true", help="shorten nothing")
    add("-l", "--truncate-length", type=natural, default=TRUNCATE_LENGTH, help="elements and letters shown")
    add("--no-arr", action="store_true", help="without arrays")
    add("--no-str", action="store_true", help="without strings")
    add("--flow-style", action="store_true", help="collections on one line")
    add("--no-lost-messages", action="store_true", help="accepted: lost messages are not reported")
    add("--raw", action="store_true", help="the serialised bytes")
    add("--filter", dest="filter_expr", help="Python expression of m, the message")
    add("--once", action="store_true", help="end after the first message")
    add("--timeout", type=positive_float, metavar="N", help="end after N seconds")
    add("-i", "--include-message-info", action="store_true", help="with time stamps and sequence numbers")


def echo(args: argparse.Namespace) -> Status:
    """Print messages."""
    with command_node() as node:
        name = node.resolve_topic_name(args.topic_name)
        discover(node, lambda: node.count_publishers(name))
        qos = chosen_qos(args) if is_chosen(args) else _fitting_qos(node, name, args)
        if args.message_type is None:
            types = find_types(node.get_topic_names_and_types(), name)
            if types is None:
                print(f"WARNING: topic [{args.topic_name}] does not appear to be published yet")
                return "Could not determine the type for the passed topic"
            args.message_type = types[0]
        printer = _Printer(args)
        message_type = find_type(args.message_type, "msg")
        node.create_subscription(message_type, name, printer.receive, qos, raw=args.raw)
        if args.timeout is not None:
            node.create_timer(args.timeout, lambda: printer.end.set_result(True))
        rclpy.spin_until_future_complete(node, printer.end)
    return 0


def _fitting_qos(node: Node, name: str, args: argparse.Namespace) -> QoSProfile:
    """Return a profile that connects to all publishers, and is as strong as all of them."""
    profile = chosen_qos(args)
    offered = [info.qos_profile for info in node.get_publishers_info_by_topic(name)]
    for policy, strong, weak in (
        ("reliability", ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT),
        ("durability", DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE),
    ):
        are_strong = [getattr(qos, policy) == strong for qos in offered]
        if any(are_strong) and not all(are_strong):
            kind = f"QoS{type(strong).__name__}"
            print(
                f"Some, but not all, publishers are offering {kind}.{strong.name}. "
                f"Falling back to {kind}.{weak.name} as it will connect to all publishers"
            )
        if offered:
            setattr(profile, policy, strong if all(are_strong) else weak)
    return profile


class _Printer:
    """Prints what is received."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.end: Any = rclpy.Future()
        self._args = args
        self._path = [] if args.field is None else [part for part in args.field.split(".") if part]
        if args.field is not None and not self._path:
            raise RuntimeError(f"Invalid field value '{args.field}'")
        self._filter = None if args.filter_expr is None else compile(args.filter_expr, "--filter", "eval")
        length = None if args.full_length else args.truncate_length
        self._style = Style(length, args.no_arr, args.no_str, args.flow_style)

    def receive(self, message: Any, info: Any) -> None:
        """Print one message."""
        args = self._args
        value = self._select(message)
        if self._filter is not None and not eval(self._filter, {"m": value}):
            return
        if args.once:
            self.end.set_result(True)
        if not hasattr(value, "get_fields_and_field_types"):
            if args.include_message_info:
                print(f"---Got new message, message info:---\n{info}\n---Message data:---")
            print(value, end="\n---\n", flush=True)
        elif args.csv:
            prefix = [str(part) for part in info.values()] if args.include_message_info else []
            print(",".join([*prefix, to_csv(value, self._style)]), flush=True)
        else:
            if args.include_message_info:
                print(yaml.dump(info), end="---\n")
            print(to_yaml(value, self._style), end="---\n", flush=True)

    def _select(self, message: Any) -> Any:
        for part in self._path:
            try:
                message = getattr(message, part)
            except AttributeError as error:
                raise RuntimeError(f"Invalid field '{'.'.join(self._path)}': {error}") from error
        return message


def add_pub(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `pub`."""
    add = parser.add_argument
    add("topic_name", help="name of the topic")
    add("message_type", help="type, such as 'std_msgs/msg/String'")
    add_values(parser)
    add("-r", "--rate", type=positive_float, default=1.0, metavar="N", help="messages a second (default: 1)")
    add("-p", "--print", type=int, default=1, metavar="N", help="print every N-th message")
    number = parser.add_mutually_exclusive_group()
    number.add_argument("-1", "--once", action="store_true", help="one message")
    number.add_argument("-t", "--times", type=natural, default=0, help="so many messages")
    add("-w", "--wait-matching-subscriptions", type=natural, help="subscriptions waited for before the first message")
    add("--max-wait-time-secs", type=positive_float, help="how long to wait for subscriptions")
    add("--keep-alive", type=positive_float, default=0.1, metavar="N", help="seconds after the last message")
    add("-n", "--node-name", help="name of the publishing node")
    add("-s", "--use-sim-time", action="store_true", help="time stamps of the simulation's clock")
    add_qos(parser, "default")


def pub(args: argparse.Namespace) -> Status:
    """Publish messages."""
    message_type = find_type(args.message_type, "msg")
    values = read_values(args)
    if not isinstance(values, dict):
        return "The passed value needs to be a dictionary in YAML format"
    wanted = args.wait_matching_subscriptions
    wanted = int(args.once or args.times != 0) if wanted is None else wanted
    if wanted == 0 and args.max_wait_time_secs is not None:
        return "--max-wait-time-secs option is only effective with --wait-matching-subscriptions, --once or --times"
    message, stamps = message_type(), list[StampSetter]()
    try:
        fill(message, values, stamps)
    except Exception as error:
        return f"Failed to populate field: {error}"
    with command_node(args.node_name) as node:
        if args.use_sim_time:
            node.set_parameters([rclpy.Parameter("use_sim_time", value=True)])
        publisher = node.create_publisher(message_type, args.topic_name, chosen_qos(args))
        if not _has_subscriptions(node, publisher, wanted, args.max_wait_time_secs):
            return (
                f"Timed out waiting for subscribers: Expected {wanted} subcribers "
                f"but only got {publisher.get_subscription_count()} subscribers"
            )
        print("publisher: beginning loop")
        _publish(node, publisher, (message, stamps), args)
    return 0


def _has_subscriptions(node: Node, publisher: Any, wanted: int, limit_s: float | None) -> bool:
    """Wait for subscriptions; return False after the limit."""
    start = time.monotonic()
    is_announced = discover(node, lambda: publisher.get_subscription_count() >= wanted)
    while publisher.get_subscription_count() < wanted:
        if not is_announced:
            print(f"Waiting for at least {wanted} matching subscription(s)...", flush=True)
            is_announced = True
        if limit_s is not None and time.monotonic() - start >= limit_s:
            return False
        time.sleep(0.02)
    return True


def _publish(node: Node, publisher: Any, content: tuple[Any, list[StampSetter]], args: argparse.Namespace) -> None:
    """Publish the message, its time stamps set each time, as often as asked for."""
    message, stamps = content
    times = 1 if args.once else args.times
    count = 0

    def publish_once() -> None:
        nonlocal count
        count += 1
        for set_stamp in stamps:
            set_stamp(node.get_clock().now().to_msg())
        if args.print and count % args.print == 0:
            print(f"publishing #{count}: {message!r}\n", flush=True)
        publisher.publish(message)

    publish_once()
    node.create_timer(1.0 / args.rate, publish_once)
    while times == 0 or count < times:
        rclpy.spin_once(node)
    time.sleep(args.keep_alive)
