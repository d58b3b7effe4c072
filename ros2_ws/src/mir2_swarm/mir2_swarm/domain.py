"""Who else is in the ROS domain that a run is about to use."""

import os
import time

import rclpy
from mir2_core.errors import UserError
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

LOOK_S = 1.0  # nodes on one machine find each other in a fraction of it
OURS = {"/monitor", "/simulator"}  # of which a run has one each


def require_free_domain() -> None:
    """Raise `UserError` if another run is going on here: its robots would obey both."""
    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = Node("look_around", context=context, start_parameter_services=False)
        try:
            found = _look(node)
        finally:
            node.destroy_node()
    finally:
        context.try_shutdown()
    if found:
        domain = os.environ.get("ROS_DOMAIN_ID") or "0"
        raise UserError(
            f"another run is going on in ROS_DOMAIN_ID {domain}: {', '.join(sorted(found))}; wait for its end, give "
            "this one a domain of its own (0 to 101), or insist with share_domain:=true"
        )


def _look(node: Node) -> set[str]:
    end_s = time.monotonic() + LOOK_S
    while time.monotonic() < end_s:
        names = {f"{namespace.rstrip('/')}/{name}" for name, namespace in node.get_node_names_and_namespaces()}
        if names & OURS:
            return names & OURS
        time.sleep(0.05)
    return set()
