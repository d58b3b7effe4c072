"""`ros2 topic echo`."""

import argparse
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import rclpy
import yaml
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from .discovery import discover, node_verb
from .interfaces import find_type
from .message_text import Style, is_message, to_csv, to_yaml
from .qos_options import chosen_qos, is_chosen, qos_options
from .verbs import FILTER, Status, argument, flag, natural, positive

TRUNCATE_LENGTH = 128


@node_verb(
    "topic echo",
    argument("topic_name", help="name of the topic"),
    argument("message_type", nargs="?", help="type, such as 'std_msgs/msg/String'"),
    *qos_options("sensor_data"),
    flag("--csv", help="all values on one line, separated by commas"),
    argument("--field", help="a field of the message, such as pose.pose.position"),
    flag("-f", "--full-length", help="shorten nothing"),
    argument("-l", "--truncate-length", type=natural, default=TRUNCATE_LENGTH, help="elements and letters shown"),
    flag("--no-arr", help="without arrays"),
    flag("--no-str", help="without strings"),
    flag("--flow-style", help="collections on one line"),
    flag("--no-lost-messages", help="accepted: lost messages are not reported"),
    flag("--raw", help="the serialised bytes"),
    FILTER,
    flag("--once", help="end after the first message"),
    argument("--timeout", type=positive, metavar="N", help="end after N seconds"),
    flag("-i", "--include-message-info", help="with time stamps and sequence numbers"),
)
def _echo(node: Node, args: argparse.Namespace) -> Status:
    """Print the messages of a topic."""
    if args.field == "":
        return f"Invalid field value '{args.field}'"
    name = node.resolve_topic_name(args.topic_name)
    discover(node, lambda: node.count_publishers(name))
    types = [args.message_type] if args.message_type else dict(node.get_topic_names_and_types()).get(name)
    if types is None:
        print(f"WARNING: topic [{args.topic_name}] does not appear to be published yet")
        return "Could not determine the type for the passed topic"
    qos = chosen_qos(args)
    if not is_chosen(args) and node.count_publishers(name):
        qos.reliability, qos.durability = ReliabilityPolicy.BEST_AVAILABLE, DurabilityPolicy.BEST_AVAILABLE
    style = Style(None if args.full_length else args.truncate_length, args.no_arr, args.no_str, args.flow_style)
    select: Callable[[Any], Any] = attrgetter(args.field) if args.field else lambda message: message
    end: Any = rclpy.Future()

    def receive(message: Any, info: dict[str, Any]) -> None:
        try:
            value = select(message)
        except AttributeError as error:
            raise RuntimeError(f"Invalid field '{args.field}': {error}") from error
        if not args.filter(value) or end.done():
            return
        if args.once:
            end.set_result(True)
        shown_info = info if args.include_message_info else {}
        if not is_message(value):
            if shown_info:
                print(f"---Got new message, message info:---\n{info}\n---Message data:---")
            print(value, end="\n---\n")
        elif args.csv:
            print(",".join([*map(str, shown_info.values()), to_csv(value, style)]))
        else:
            if shown_info:
                print(yaml.dump(info), end="---\n")
            print(to_yaml(value, style), end="---\n")

    node.create_subscription(find_type(types[0], "msg"), name, receive, qos, raw=args.raw)
    rclpy.spin_until_future_complete(node, end, timeout_sec=args.timeout)
    return 0
