"""Sends every message back: a peer that shares no code with the runtime (RustDDS, in dora-rs).

`python dora_echo.py <folder with share/> <package/Name>...`: what comes on /to_peer/<Name> goes to /from_peer/<Name>.
"""

import sys
import warnings

warnings.simplefilter("ignore")  # it warns that its interface may change
import dora  # noqa: E402


def main() -> None:
    context = dora.Ros2Context(ros_paths=[sys.argv[1]])
    node = context.new_node("echo", "/dora", dora.Ros2NodeOptions(rosout=False))
    qos = dora.Ros2QosPolicies(reliable=True, keep_last=10)
    pairs = []
    for kind in sys.argv[2:]:
        name = kind.split("/")[1]
        incoming = node.create_topic(f"/to_peer/{name}", kind, qos)
        outgoing = node.create_topic(f"/from_peer/{name}", kind, qos)
        pairs.append((node.create_subscription(incoming, qos), node.create_publisher(outgoing, qos)))
    while True:
        for subscription, publisher in pairs:
            if (message := subscription.next()) is not None:  # None after a while without messages
                publisher.publish(message)


if __name__ == "__main__":
    main()
