"""Names and namespaces of nodes."""

from __future__ import annotations

import re

_NODE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE = re.compile(r"/|(/[A-Za-z_][A-Za-z0-9_]*)+")


def join_namespaces(base: str | None, namespace: str | None) -> str | None:
    """Return the absolute namespace below the base, or None if neither is given.

    An absolute namespace stands for itself. Raises ValueError if the result is not a valid namespace.
    """
    if namespace is None:
        joined = base
    elif namespace.startswith("/"):
        joined = namespace
    else:
        joined = f"{(base or '').rstrip('/')}/{namespace}"
    if joined is None:
        return None
    joined = joined.rstrip("/") or "/"
    joined = joined if joined.startswith("/") else f"/{joined}"
    if not _NAMESPACE.fullmatch(joined):
        raise ValueError(
            f"invalid namespace '{joined}': between slashes, only letters, digits and underscores, "
            "not starting with a digit"
        )
    return joined


def check_node_name(name: str) -> str:
    """Return the name; raises ValueError if it is not a valid node name."""
    if not _NODE_NAME.fullmatch(name):
        raise ValueError(f"invalid node name '{name}': only letters, digits and underscores, not starting with a digit")
    return name
