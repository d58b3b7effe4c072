"""`ros2 topic echo`."""

import argparse
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import rclpy
import yaml
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node

from .discovery import node_verb, topic_class
from .interfaces import find_type
from .message_text import Style, is_message, to_csv, to_yaml
from .qos_options import fitting_qos, qos_options
from .verbs import FILTER, Status, argument, flag, nonnegative_int, positive

TRUNCATE_LENGTH = 128


@node_verb(
    "topic echo",
    argument("topic_name", help="name of the topic"),
    argument("message_type", nargs="?", help="type, such as 'std_msgs/msg/String'"),
    *qos_options("sensor_data"),
    flag("--csv", help="all values on one line, separated by commas"),
    argument("--field", help="a field of the message, such as pose.pose.position"),
    flag("-f", "--full-length", help="shorten nothing"),
    argument(
        "--truncate-length", "-l", type=nonnegative_int, default=TRUNCATE_LENGTH, help="elements and letters shown"
    ),
    flag("--no-arr", help="without arrays"),
    flag("--no-str", help="without strings"),
    flag("--flow-style", help="collections on one line"),
    flag("--no-lost-messages", help="do not report lost messages"),
    flag("--raw", help="the serialised bytes"),
    FILTER,
    flag("--once", help="end after the first message"),
    argument("--timeout", type=positive, metavar="N", help="end after N seconds"),
    flag("-i", "--include-message-info", help="with time stamps and sequence numbers"),
)
def _echo(node: Node, args: argparse.Namespace) -> Status:
    """Print the messages of a topic."""
    field = ".".join(filter(None, (args.field or "").split(".")))
    if args.field is not None and not field:
        return f"Invalid field value '{args.field}'"
    select: Callable[[Any], Any] = attrgetter(field) if field else lambda message: message
    qos = fitting_qos(args, node.get_publishers_info_by_topic(args.topic_name))
    message_type = find_type(args.message_type, "msg") if args.message_type else topic_class(node, args.topic_name)
    if message_type is None:
        print(f"WARNING: topic [{args.topic_name}] does not appear to be published yet")
        return "Could not determine the type for the passed topic"
    style = Style(None if args.full_length else args.truncate_length, args.no_arr, args.no_str, args.flow_style)
    end: Any = rclpy.Future()

    def receive(message: Any, info: dict[str, Any]) -> None:
        try:
            value = select(message)
        except AttributeError as error:
            raise RuntimeError(f"Invalid field '{field}': {error}") from error
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

    events = None if args.no_lost_messages else SubscriptionEventCallbacks(message_lost=_tell_loss)
    node.create_subscription(message_type, args.topic_name, receive, qos, event_callbacks=events, raw=args.raw)
    rclpy.spin_until_future_complete(node, end, timeout_sec=args.timeout)
    return 0


def _tell_loss(lost: Any) -> None:
    print(
        f"A message was lost!!!\n\ttotal count change:{lost.total_count_change}\n\ttotal count: {lost.total_count}---"
    )
