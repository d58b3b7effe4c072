"""ROS 2 names, identities and network settings as they appear in DDS."""

import os
import re

from .typehash import type_hash

MAX_PARTICIPANTS = 99  # per host; each announcement goes to that many ports where there is no multicast
# Named peers are asked every 8 s for as long as the node lives, as in ROS 2; by default Cyclone 11 gives up after 30 s.
ASK_PEERS = "<SPDPInterval>8s</SPDPInterval><InitialLocatorPruneDelay>inf</InitialLocatorPruneDelay>"


def topic_name(ros_name: str) -> str:
    return f"rt{ros_name}"


def request_name(service: str) -> str:
    return f"rq{service}Request"


def reply_name(service: str) -> str:
    return f"rr{service}Reply"


def dds_type(ros_type: str) -> str:
    """std_msgs/msg/String -> std_msgs::msg::dds_::String_"""
    package, kind, name = ros_type.split("/")
    return f"{package}::{kind}::dds_::{name}_"


def ros_type(dds_name: str) -> str | None:
    """std_msgs::msg::dds_::String_ -> std_msgs/msg/String; services without _Request or _Response."""
    match = re.fullmatch(r"(\w+)::(msg|srv|action)::dds_::(\w+)_", dds_name)
    if match is None:
        return None
    name = match[3]
    if match[2] != "msg":
        name = name.removesuffix("_Request").removesuffix("_Response")
    return f"{match[1]}/{match[2]}/{name}"


def ros_topic(dds_topic: str) -> str | None:
    return dds_topic[2:] if dds_topic.startswith("rt/") else None


def ros_service(dds_topic: str) -> str | None:
    if dds_topic.startswith("rq/") and dds_topic.endswith("Request"):
        return dds_topic[2 : -len("Request")]
    if dds_topic.startswith("rr/") and dds_topic.endswith("Reply"):
        return dds_topic[2 : -len("Reply")]
    return None


def identity(key: str, gid: bytes) -> str:
    """`serviceid` or `clientid` entry; the first byte is padded with a blank, as rmw_cyclonedds_cpp does."""
    return f"{key}={gid[0]:2x}.{'.'.join(f'{byte:x}' for byte in gid[1:])};"


def user_data(ros_type_name: str, prefix: str = "") -> bytes:
    return f"{prefix}typehash={type_hash(ros_type_name)};".encode()


def domain_id() -> int:
    """ROS_DOMAIN_ID; raises ValueError outside 0…232."""
    text = os.environ.get("ROS_DOMAIN_ID") or "0"
    if not text.isdigit() or int(text) > 232:
        raise ValueError(f"ROS_DOMAIN_ID={text!r} is not a number in 0…232")
    return int(text)


def cyclone_config() -> str:
    """Cyclone DDS configuration for ROS_AUTOMATIC_DISCOVERY_RANGE and ROS_STATIC_PEERS."""
    reach = (os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or "SUBNET").upper()
    if os.environ.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST"
    if reach not in ("SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT"):
        raise ValueError(f"ROS_AUTOMATIC_DISCOVERY_RANGE={reach!r} is not SUBNET, LOCALHOST, OFF or SYSTEM_DEFAULT")
    own = os.environ.get("CYCLONEDDS_URI", "")
    if reach == "SYSTEM_DEFAULT":
        return own
    general = discovery = ""
    if reach in ("LOCALHOST", "OFF"):
        interface = '<Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>' if reach == "LOCALHOST" else ""
        general = f"<General><AllowMulticast>false</AllowMulticast>{interface}</General>"
    if reach == "OFF":
        discovery = f"<ParticipantIndex>none</ParticipantIndex><Tag>ros_discovery_off_{os.getpid()}</Tag>"
    else:
        peers = [p for p in os.environ.get("ROS_STATIC_PEERS", "").split(";") if p]
        if reach == "LOCALHOST":
            peers.insert(0, "localhost")
        listed = "".join(f'<Peer address="{peer}"/>' for peer in peers)
        discovery = (
            "<ParticipantIndex>auto</ParticipantIndex>"
            f"<MaxAutoParticipantIndex>{MAX_PARTICIPANTS}</MaxAutoParticipantIndex>{ASK_PEERS}"
            + (f"<Peers>{listed}</Peers>" if listed else "")
        )
    return f"<CycloneDDS><Domain>{general}<Discovery>{discovery}</Discovery></Domain></CycloneDDS>,{own}"
