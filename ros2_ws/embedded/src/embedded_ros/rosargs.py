"""What `--ros-args` says: remapping rules, parameters and log levels."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

TAKES_VALUE = {"-r", "--remap", "-p", "--param", "--params-file", "--log-level", "-e", "--enclave", "--log-config-file"}
TAKES_VALUE |= {"--log-file-name"}
SPECIAL = {"__node": "__node", "__name": "__node", "__ns": "__ns"}
TOKEN = r"(?!__)[A-Za-z_][A-Za-z0-9_]*"
NAME = rf"(?:~?/)?{TOKEN}(?:/{TOKEN})*"
YAML_TYPES = {  # what is none of these is a string
    "bool": r"(?i:y|yes|true|on|n|no|false|off)",
    "int": r"[-+]?(?:0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)",
    "float": r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?i:inf))|\.(?i:nan)",
}
# Each rule may have a node's name and a colon before it.
PARAMETER_RULE = rf"(/?{TOKEN}(?:(?:\./?|/){TOKEN})*):=(.+)"
REMAP_RULES = (
    rf"((?:ros(?:topic|service)://)?{NAME}):=({NAME})",
    rf"(__node|__name):=({TOKEN})",
    rf"(__ns):=(/|(?:/{TOKEN})+)",
)


class UnknownROSArgsError(RuntimeError):
    """ROS arguments that do not exist."""


class InvalidRosArgsError(RuntimeError):
    """An argument after --ros-args that cannot be read."""


@dataclass(frozen=True)
class Remap:
    """One rule; `node` restricts it to nodes of that name."""

    node: str
    source: str
    target: str


@dataclass
class RosArguments:
    """Arguments in the order given.

    As in rcl, each node pattern keeps the place where it was first named, whatever later arguments add to it; the last
    pattern that fits a node wins.
    """

    remaps: list[Remap] = field(default_factory=list)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)  # node pattern -> name -> value
    log_levels: list[tuple[str, str]] = field(default_factory=list)  # logger ("" for all), level
    enclave: str = "/"
    rosout: bool = True
    stdout: bool = True
    others: list[str] = field(default_factory=list)  # what is not for ROS

    def node_name(self, name: str) -> str:
        return self._special("__node", name) or name

    def namespace(self, name: str, namespace: str) -> str:
        return self._special("__ns", name) or namespace

    def _special(self, key: str, name: str) -> str | None:
        rules = (r for r in self.remaps if SPECIAL.get(r.source) == key and r.node in ("", name))
        return next((rule.target for rule in rules), None)

    def name_rules(self, node: str) -> Iterator[Remap]:
        return (r for r in self.remaps if r.source not in SPECIAL and r.node in ("", node))

    def overrides(self, full_name: str) -> dict[str, Any]:
        """Parameter values for the node with this fully qualified name."""
        found: dict[str, Any] = {}
        for pattern, values in self.parameters.items():
            if node_matches(pattern, full_name):
                found.update(values)
        return found


def node_matches(pattern: str, full_name: str) -> bool:
    """Whether a parameter file's key, possibly with * (one part) or ** (any parts), means this node."""
    if not pattern.startswith("/"):
        pattern = f"/{pattern}"
    parts = re.split(r"(/\*\*|/\*)", pattern)
    regex = "".join({"/**": "(?:/[^/]+)*", "/*": "/[^/]+"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(regex, full_name) is not None


def parse(arguments: Sequence[str]) -> RosArguments:
    """Reads everything between --ros-args and -- (or the end); raises InvalidRosArgsError or UnknownROSArgsError."""
    found = RosArguments()
    inside = False
    rest = iter(arguments)
    for argument in rest:
        if argument == "--ros-args":
            inside = True
        elif inside and argument == "--":
            inside = False
        elif not inside:
            found.others.append(argument)
        elif argument in TAKES_VALUE:
            value = next(rest, None)
            if value is None:
                raise InvalidRosArgsError(f"{argument} needs a value")
            _value_argument(found, argument, value)
        else:
            _flag(found, argument)
    return found


def _flag(found: RosArguments, argument: str) -> None:
    match = re.fullmatch(r"--(enable|disable)-(rosout|stdout|external-lib)-logs", argument)
    if match is None:
        raise UnknownROSArgsError(f"{[argument]}")
    if match[2] in ("rosout", "stdout"):
        setattr(found, match[2], match[1] == "enable")


def _value_argument(found: RosArguments, argument: str, value: str) -> None:
    if argument in ("-r", "--remap"):
        found.remaps.append(Remap(*_rule(argument, value, *REMAP_RULES)))
    elif argument in ("-p", "--param"):
        node, name, text = _rule(argument, value, PARAMETER_RULE)
        found.parameters.setdefault(node or "/**", {})[name] = _parse_value(name, text)
    elif argument == "--params-file":
        for pattern, values in read_parameter_file(value):
            found.parameters.setdefault(pattern, {}).update(values)
    elif argument == "--log-level":
        logger, _, level = value.rpartition(":=")
        if level.upper() not in ("UNSET", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"):
            raise InvalidRosArgsError(f"Couldn't parse log level: '{argument} {value}'")
        found.log_levels.append((logger, level))
    elif argument in ("-e", "--enclave"):
        found.enclave = value


def _rule(argument: str, value: str, *patterns: str) -> tuple[str, str, str]:
    """Node ("" for all), left and right side."""
    for pattern in patterns:
        if match := re.fullmatch(rf"(?:({TOKEN}):)?{pattern}", value, re.DOTALL):
            return match[1] or "", match[2], match[3]
    raise InvalidRosArgsError(f"Couldn't parse rule: '{argument} {value}'. It has to be of the form name:=value")


@cache
def _loader() -> Any:
    """A YAML loader that tells types as ROS 2 does, has strings for keys and joins what is below repeated ones."""
    import yaml

    class Loader(yaml.SafeLoader):
        bool_values = yaml.SafeLoader.bool_values | {"y": True, "n": False}

    Loader.yaml_implicit_resolvers = {}
    for kind, pattern in YAML_TYPES.items():
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(rf"^(?:{pattern})$"), None)
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return Loader


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    return _merged((key.value, loader.construct_object(value, deep=True)) for key, value in node.value)


def _merged(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged([*found[key].items(), *value.items()]) if both else value
    return found


def _parse_value(name: str, text: str) -> Any:
    """A parameter value written as YAML."""
    import yaml

    try:
        value = yaml.load(text, _loader())
        if isinstance(value, dict):
            raise ValueError("a mapping is no value")
        return dict(flatten("", {name: value}))[name]
    except (ValueError, yaml.YAMLError) as error:
        raise InvalidRosArgsError(f"Couldn't parse parameter override '{name}:={text}'. Error: {error}") from error


def read_parameter_file(path: str) -> list[tuple[str, dict[str, Any]]]:
    """(node pattern, name -> value) for every node in a parameter file."""
    import yaml

    try:
        return list(_nodes("", yaml.load(Path(path).read_text(encoding="utf-8"), _loader()) or {}))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidRosArgsError(f"Couldn't parse params file: '--params-file {path}'. Error: {error}") from error


def _nodes(name: str, content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(content, dict):
        raise ValueError(f"there is no ros__parameters above {name or content}")
    for key, value in content.items():
        if key != "ros__parameters":
            yield from _nodes(f"{name}/{key}".replace("//", "/") if name else key, value)
        elif isinstance(value, dict):
            yield name, dict(flatten("", value))
        else:
            raise ValueError(f"{name}: ros__parameters has no names below it")


def flatten(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """{a: {b: 1}} -> ("a.b", 1)"""
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, dict):
            yield from flatten(name, value)
        elif isinstance(value, list) and len({type(element) for element in value}) > 1:
            raise ValueError(f"the values of {name} are not of one type: {value}")
        else:
            yield name, value
