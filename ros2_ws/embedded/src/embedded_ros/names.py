"""Rules for names, expansion of relative names and remapping."""

import re

from .rosargs import RosArguments


def _longer_than(limit: int) -> str:
    return rf"(?<=^.{{{limit - 1}}}).(?=.)"


# Each rule: a pattern that finds the first thing wrong, and what is wrong.
_NODE = [
    (r"[^A-Za-z0-9_]", "node name must not contain characters other than alphanumerics or '_'"),
    (r"^[0-9]", "node name must not start with a number"),
    (_longer_than(255), "node name length should not exceed '255'"),
]
_NAMESPACE = [
    (r"^(?!/)", "namespace must be absolute, it must lead with a '/'"),
    (r"(?<=.)/$", "namespace must not end with a '/', unless only a '/'"),
    (r"[^A-Za-z0-9_/]", "namespace must not contain characters other than alphanumerics, '_', or '/'"),
    (r"/(?=/)", "namespace must not contain repeated '/'"),
    (r"(?<=/)[0-9]", "namespace must not have a token that starts with a number"),
    (_longer_than(245), "namespace should not exceed 'RMW_NAMESPACE_MAX_NAME_LENGTH'"),  # sic
]
_TOPIC = [
    (r"/$", "topic name must not end with a forward slash"),
    (r"^[0-9]", "topic name token must not start with a number"),
    (r"(?<=/)[0-9]", "topic name token must not start with a number"),
    (r"(?<=.)~", "topic name must not have tilde '~' unless it is the first character"),
    (r"[^A-Za-z0-9_/~{}]", "topic name must not contain characters other than alphanumerics, '_', '~', '{', or '}'"),
    (r"\{(?![^{]*\})", "topic name must not have unmatched (unbalanced) curly braces '{}'"),
    (r"(?<!\{)(?<!\w)\}", "topic name must not have unmatched (unbalanced) curly braces '{}'"),
]
_FULL = [
    (r"^(?!/)", "topic name must be absolute, it must lead with a '/'"),
    (r"/$", "topic name must not end with a '/'"),
    (r"[^A-Za-z0-9_/]", "topic name must not contain characters other than alphanumerics, '_', or '/'"),
    (r"(?<=/)/", "topic name must not contain repeated '/'"),
    (r"(?<=/)[0-9]", "topic name must not have a token that starts with a number"),
    (_longer_than(247), "topic length should not exceed '255U - 8U'"),  # sic
]


def _first_fault(name: str, rules: list[tuple[str, str]], what: str) -> tuple[str, int] | None:
    if not name:
        return f"{what} must not be empty", 0
    faults = ((match.start(), reason) for pattern, reason in rules if (match := re.search(pattern, name)))
    first = min(faults, default=None)
    return (first[1], first[0]) if first else None


def node_name_fault(name: str) -> tuple[str, int] | None:
    """Reason and position of the first fault, or None."""
    return _first_fault(name, _NODE, "node name")


def namespace_fault(namespace: str) -> tuple[str, int] | None:
    return None if namespace == "/" else _first_fault(namespace, _NAMESPACE, "namespace")


def topic_name_fault(name: str) -> tuple[str, int] | None:
    """For names as users write them, relative or private ones too."""
    return _first_fault(name, _TOPIC, "topic name") if name else ("topic name must not be empty string", 0)


def full_topic_name_fault(name: str) -> tuple[str, int] | None:
    """For fully qualified names."""
    return _first_fault(name, _FULL, "topic name")


def full_name(namespace: str, name: str) -> str:
    return f"{namespace.rstrip('/')}/{name}"


def expand(name: str, node: str, namespace: str) -> str:
    """Fully qualified name; `~` is the node's own name, {node}, {ns} and {namespace} are replaced."""
    name = name.replace("{node}", node).replace("{namespace}", namespace).replace("{ns}", namespace)
    if unknown := re.search(r"{\w*}", name):
        raise ValueError(f"topic name '{name}' is invalid: unknown substitution: {unknown[0]}")
    if name.startswith("~"):
        return full_name(namespace, node) + name[1:]
    return name if name.startswith("/") else full_name(namespace, name)


def remap(name: str, node: str, namespace: str, arguments: list[RosArguments]) -> str:
    """Target of the first rule for this fully qualified name, else the name itself."""
    for rules in arguments:
        for rule in rules.name_rules(node):
            source = rule.source.removeprefix("rostopic://").removeprefix("rosservice://")
            if expand(source, node, namespace) == name:
                return expand(rule.target, node, namespace)
    return name
