"""Actions that start nodes and set what the nodes after them get."""

from __future__ import annotations

import atexit
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from embedded_ros import names, packages
from embedded_ros.cli import entry_point
from launch.actions import ExecuteProcess
from launch.substitutions import SubstitutionFailure
from launch.utilities import missing, perform_substitutions

from launch import Action, LaunchContext, SomeSubstitutionsType, logging

from .parameter_descriptions import ParameterFile, evaluate_dict

__getattr__ = missing(
    __name__,
    "ComposableNodeContainer LifecycleNode LifecycleTransition LoadComposableNodes RosTimer SetParametersFromFile "
    "SetROSLogDir SetUseSimTime",
)
ANY_NODE = "/**"
ParameterSource = SomeSubstitutionsType | ParameterFile | Mapping[Any, Any]


@dataclass(eq=False, kw_only=True)
class Node(ExecuteProcess):
    """Runs a ROS node; `name` is the node's, `exec_name` labels its output."""

    cmd: Iterable[SomeSubstitutionsType] = field(default=(), init=False)
    executable: SomeSubstitutionsType
    package: SomeSubstitutionsType | None = None
    namespace: SomeSubstitutionsType | None = None
    exec_name: SomeSubstitutionsType | None = None
    parameters: Iterable[ParameterSource] | None = None
    remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None
    ros_arguments: Iterable[SomeSubstitutionsType] | None = None
    arguments: Iterable[SomeSubstitutionsType] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.parameters, (str, Mapping)):
            raise TypeError(f"Node expected a list for 'parameters', got {type(self.parameters).__name__}")
        self.cmd = [self.executable, *(self.arguments or ())]

    def execute(self, context: LaunchContext) -> None:
        super().execute(context)
        counts: Counter[str] = context.globals.setdefault("node names", Counter())
        counts[self._full_name] += 1
        if counts[self._full_name] > 1 and self._full_name != ANY_NODE:
            self._log.warning(
                f"there are now at least {counts[self._full_name]} nodes with the name {self._full_name} "
                "created within this launch context"
            )

    def make_label(self, context: LaunchContext, cmd: list[str]) -> str:
        return os.path.basename(perform_substitutions(context, self.exec_name or self.executable))

    def make_cmd(self, context: LaunchContext) -> list[str]:
        executable, *arguments = super().make_cmd(context)
        start = [executable]
        if self.package is not None:
            start = _find_executable(perform_substitutions(context, self.package), executable)
        ros_arguments = [perform_substitutions(context, argument) for argument in self.ros_arguments or ()]
        return [
            *start,
            *arguments,
            *(["--ros-args", *ros_arguments] if ros_arguments else []),
            "--ros-args",
            *self._name_arguments(context),
            *self._parameter_arguments(context),
            *self._remapping_arguments(context),
        ]

    def _name_arguments(self, context: LaunchContext) -> Iterator[str]:
        """Yield the arguments for name and namespace; raises ValueError if one is not valid."""
        name = None if self.name is None else perform_substitutions(context, self.name)
        own = None if self.namespace is None else perform_substitutions(context, self.namespace)
        namespace = join_namespaces(context.launch_configurations.get("ros_namespace"), own)
        if name is not None:
            _check("node name", name, names.node_name_fault(name))
            yield from ("-r", f"__node:={name}")
        if namespace is not None:
            yield from ("-r", f"__ns:={namespace}")
        is_known = name is not None and namespace is not None
        self._full_name = names.full_name(str(namespace), str(name)) if is_known else ANY_NODE

    def _parameter_arguments(self, context: LaunchContext) -> Iterator[str]:
        if scoped := context.launch_configurations.get("global_params"):
            yield from ("--params-file", str(_write_parameters(ANY_NODE, scoped)))
        for source in self.parameters or ():
            if isinstance(source, Mapping):
                path = _write_parameters(self._full_name, evaluate_dict(context, source))
            else:
                path = (source if isinstance(source, ParameterFile) else ParameterFile(source)).evaluate(context)
            if path.is_file():
                yield from ("--params-file", str(path))
            else:
                log = logging.get_logger("launch_ros.actions.node")
                log.warning(f"Parameter file path is not a file: {path}")

    def _remapping_arguments(self, context: LaunchContext) -> Iterator[str]:
        for source, target in [*context.launch_configurations.get("ros_remaps", ()), *(self.remappings or ())]:
            yield from ("-r", f"{perform_substitutions(context, source)}:={perform_substitutions(context, target)}")


def _find_executable(package: str, executable: str) -> list[str]:
    found = packages.executables(package)
    if executable not in found:
        raise SubstitutionFailure(
            f"executable '{executable}' not found in package '{package}', which has: {', '.join(found) or 'none'}"
        )
    return entry_point.command(executable, found[executable])


def _write_parameters(node: str, parameters: dict[str, Any]) -> Path:
    """Write a node's parameters to a file that lives as long as the launch and return its path."""
    with NamedTemporaryFile("w", prefix="launch_params_", suffix=".yaml", delete=False) as file:
        yaml.safe_dump({node: {"ros__parameters": parameters}}, file, default_flow_style=False)
    path = Path(file.name)
    atexit.register(path.unlink, missing_ok=True)
    return path


def join_namespaces(base: str | None, namespace: str | None) -> str | None:
    """Return the absolute namespace below the base, or None if neither is given; raises ValueError.

    An absolute namespace stands for itself.
    """
    if namespace is None:
        return base
    joined = namespace if namespace.startswith("/") else f"{(base or '').rstrip('/')}/{namespace}"
    joined = joined.rstrip("/") or "/"
    _check("namespace", joined, names.namespace_fault(joined))
    return joined


def _check(what: str, text: str, fault: tuple[str, int] | None) -> None:
    if fault is not None:
        reason, position = fault
        raise ValueError(f"Invalid {what}: {reason}:\n  '{text}'\n   {' ' * position}^")


@dataclass(eq=False)
class SetParameter(Action):
    """Sets a parameter of the nodes after it."""

    name: SomeSubstitutionsType
    value: Any

    def execute(self, context: LaunchContext) -> None:
        scoped = context.launch_configurations.get("global_params", {})
        own = evaluate_dict(context, {self.name: self.value})
        context.launch_configurations["global_params"] = {**scoped, **own}


@dataclass(eq=False)
class SetRemap(Action):
    """Remaps a name for the nodes after it."""

    src: SomeSubstitutionsType
    dst: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        scoped = context.launch_configurations.get("ros_remaps", [])
        own = (perform_substitutions(context, self.src), perform_substitutions(context, self.dst))
        context.launch_configurations["ros_remaps"] = [*scoped, own]


@dataclass(eq=False)
class PushROSNamespace(Action):
    """Puts the nodes after it into a namespace."""

    namespace: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        pushed = perform_substitutions(context, self.namespace)
        configurations["ros_namespace"] = join_namespaces(configurations.get("ros_namespace"), pushed)


PushRosNamespace = PushROSNamespace
