"""Actions that start nodes and set what the nodes after them get."""

from __future__ import annotations

import atexit
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from embedded_ros import names, packages
from embedded_ros.cli import entry_point
from launch.actions import ExecuteProcess
from launch.substitution import perform_substitutions, perform_text
from launch.substitutions import SubstitutionFailure
from launch.utilities import ensure_argument_type, missing, name_modules

from launch import Action, LaunchContext, LaunchDescriptionEntity, SomeSubstitutionsType, logging

from .parameter_descriptions import ParameterFile, check_values, evaluate_dict
from .substitutions import ExecutableInPackage

__getattr__ = missing(
    __name__,
    "ComposableNodeContainer LifecycleNode LifecycleTransition LoadComposableNodes ROSTimer RosTimer SetUseSimTime",
)
ANY_NODE = "/**"
ParameterSource = SomeSubstitutionsType | os.PathLike[str] | ParameterFile | Mapping[Any, Any]


class Node(ExecuteProcess):
    """Runs a ROS node; `name` is the node's, `exec_name` labels its output."""

    UNSPECIFIED_NODE_NAME = "<node_name_unspecified>"
    UNSPECIFIED_NODE_NAMESPACE = "<node_namespace_unspecified>"

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: list[ParameterSource] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        cmd = [executable, *(arguments or ()), *(["--ros-args", *ros_arguments] if ros_arguments else ()), "--ros-args"]
        super().__init__(cmd=cmd, name=exec_name, **kwargs)
        parameters = [] if parameters is None else parameters
        ensure_argument_type(parameters, list, "parameters", "Node")
        self._parameters = [
            source if isinstance(source, (Mapping, ParameterFile)) else ParameterFile(source) for source in parameters
        ]
        for source in self._parameters:
            if isinstance(source, Mapping):
                check_values(source)
        self._remappings = [*(remappings or ())]
        for rule in self._remappings:
            ensure_argument_type(rule, tuple, "remap_rule")
            if len(rule) != 2:
                raise TypeError(f"remap_rule must be a tuple of length 2, got length {len(rule)}")
        self.node_package = package
        self.node_executable = executable
        self._node_name = name
        self._node_namespace = namespace
        self._full_name: str | None = None
        self.expanded_node_namespace = self.UNSPECIFIED_NODE_NAMESPACE

    @property
    def node_name(self) -> str:
        """The name with its namespace."""
        if self._full_name is None:
            raise RuntimeError("cannot access 'node_name' before executing action")
        return self._full_name

    def is_node_name_fully_specified(self) -> bool:
        return "unspecified>" not in self.node_name

    def execute(self, context: LaunchContext) -> Iterable[LaunchDescriptionEntity] | None:
        executable, *rest = self.cmd
        ros_arguments = [
            *self._name_arguments(context),
            *self._parameter_arguments(context),
            *self._remapping_arguments(context),
        ]
        start: list[Any] = [executable]
        if self.node_package is not None:
            start = _find_executable(context, perform_text(context, self.node_package), executable)
            self.name = executable if self.name is None else self.name
        self.cmd = [*start, *rest, *ros_arguments]
        result = super().execute(context)
        if self.is_node_name_fully_specified():
            counts = context.get_locals_as_dict().get("unique_ros_node_names", Counter())
            context.extend_globals({"unique_ros_node_names": counts})
            counts[self.node_name] += 1
            if counts[self.node_name] > 1:
                logging.get_logger(self._label).warning(
                    f"there are now at least {counts[self.node_name]} nodes with the name {self.node_name} "
                    "created within this launch context"
                )
        return result

    def _name_arguments(self, context: LaunchContext) -> Iterator[str]:
        """Yield the arguments for name and namespace; raises ValueError if one is not valid."""
        given = (self._node_name, self._node_namespace)
        name, namespace = (None if text is None else perform_text(context, text) for text in given)
        namespace = join_namespaces(context.launch_configurations.get("ros_namespace"), namespace)
        try:
            if name is not None:
                _check("node name", name, names.node_name_fault(name))
                yield from ("-r", f"__node:={name}")
            if namespace is not None:
                _check("namespace", namespace, names.namespace_fault(namespace))
                self.expanded_node_namespace = namespace
                yield from ("-r", f"__ns:={namespace}")
        except ValueError:
            logging.get_logger("launch_ros.actions.node").error(
                "Error while expanding or validating node name or namespace for "
                f"'package={self.node_package}, executable={self.node_executable}, name={name}, namespace={namespace}':"
            )
            raise
        name = self.UNSPECIFIED_NODE_NAME if name is None else name
        self._full_name = f"{self.expanded_node_namespace.rstrip('/')}/{name}"

    def _parameter_arguments(self, context: LaunchContext) -> Iterator[str]:
        for scoped in context.launch_configurations.get("global_params", []):
            if isinstance(scoped, tuple):
                yield from ("-p", f"{scoped[0]}:={scoped[1]}")
            else:
                yield from ("--params-file", os.path.abspath(scoped))
        for source in self._parameters:
            if isinstance(source, Mapping):
                node = self.node_name if self.is_node_name_fully_specified() else ANY_NODE
                path = _write_parameters(node, evaluate_dict(context, source))
            else:
                path = source.evaluate(context)
            if path.is_file():
                yield from ("--params-file", str(path))
            else:
                log = logging.get_logger("launch_ros.actions.node")
                log.warning(f"Parameter file path is not a file: {path}")

    def _remapping_arguments(self, context: LaunchContext) -> Iterator[str]:
        own = [(perform_text(context, source), perform_text(context, target)) for source, target in self._remappings]
        for source, target in [*context.launch_configurations.get("ros_remaps", ()), *own]:
            yield from ("-r", f"{source}:={target}")


def _find_executable(context: LaunchContext, package: str, executable: SomeSubstitutionsType) -> list[str]:
    if not packages.find(package).is_source:
        return [ExecutableInPackage(package=package, executable=executable).perform(context)]
    name, found = perform_text(context, executable), packages.executables(package)
    if name not in found:
        raise SubstitutionFailure(
            f"executable '{name}' not found in package '{package}', which has: {', '.join(found) or 'none'}"
        )
    return entry_point.command(name, found[name])


def _write_parameters(node: str, parameters: dict[str, Any]) -> Path:
    """Write a node's parameters to a file that lives as long as the launch and return its path."""
    with NamedTemporaryFile("w", prefix="launch_params_", suffix=".yaml", delete=False) as file:
        yaml.safe_dump({node: {"ros__parameters": parameters}}, file, default_flow_style=False)
    path = Path(file.name)
    atexit.register(path.unlink, missing_ok=True)
    return path


def join_namespaces(base: str | None, namespace: str | None) -> str | None:
    """Return the absolute namespace below the base, or None if neither is given.

    An absolute namespace stands for itself.
    """
    if namespace is None:
        return base
    joined = namespace if namespace.startswith("/") else f"{(base or '').rstrip('/')}/{namespace}"
    return joined.rstrip("/") or "/"


def _check(what: str, text: str, fault: tuple[str, int] | None) -> None:
    if fault is not None:
        reason, position = fault
        raise ValueError(f"Invalid {what}: {reason}:\n  '{text}'\n   {' ' * position}^")


@dataclass(eq=False, repr=False)
class SetParameter(Action):
    """Sets a parameter of the nodes after it."""

    name: SomeSubstitutionsType
    value: Any

    def __post_init__(self) -> None:
        super().__post_init__()
        check_values({"": self.value})

    def execute(self, context: LaunchContext) -> None:
        name = perform_substitutions(context, self.name)
        _add(context, "global_params", *evaluate_dict(context, {name: self.value}).items())


@dataclass(eq=False, repr=False)
class SetParametersFromFile(Action):
    """Gives a file of parameters to the nodes after it."""

    filename: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        _add(context, "global_params", perform_substitutions(context, self.filename))


@dataclass(eq=False, repr=False)
class SetRemap(Action):
    """Remaps a name for the nodes after it."""

    src: SomeSubstitutionsType
    dst: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        _add(
            context, "ros_remaps", (perform_substitutions(context, self.src), perform_substitutions(context, self.dst))
        )


def _add(context: LaunchContext, key: str, *items: Any) -> None:
    """Add to a list in this scope of the launch configurations."""
    context.launch_configurations[key] = [*context.launch_configurations.get(key, []), *items]


@dataclass(eq=False, repr=False)
class SetROSLogDir(Action):
    """Sets the folder of the log files of the processes after it, below the present one unless it is absolute."""

    new_log_dir: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        base = os.path.dirname(logging.launch_config.log_dir)
        folder = perform_substitutions(context, self.new_log_dir)
        context.environment["ROS_LOG_DIR"] = os.path.join(context.environment.get("ROS_LOG_DIR", base), folder)


@dataclass(eq=False, repr=False)
class PushROSNamespace(Action):
    """Puts the nodes after it into a namespace."""

    namespace: SomeSubstitutionsType

    def execute(self, context: LaunchContext) -> None:
        previous = context.launch_configurations.get("ros_namespace")
        pushed = perform_substitutions(context, self.namespace)
        namespace = join_namespaces(previous, pushed)
        if namespace is None or names.namespace_fault(namespace) is not None:
            raise SubstitutionFailure(
                f"The resulting namespace is invalid: [previous_namespace='{previous}', pushed_namespace='{pushed}']"
            )
        context.launch_configurations["ros_namespace"] = namespace


PushRosNamespace = PushROSNamespace
name_modules(__name__)
