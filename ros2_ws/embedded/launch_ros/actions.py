"""Actions that start nodes and set what the nodes after them get."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from embedded_ros.cli import entry_point
from launch.actions import ExecuteProcess
from launch.utilities import perform_text

from launch import Action, Condition, LaunchContext, SomeSubstitutionsType, logging

from .names import check_node_name, join_namespaces
from .parameter_descriptions import Parameter, ParameterFile, evaluate_dict, evaluate_value
from .substitutions import find_executable

ParameterSource = SomeSubstitutionsType | ParameterFile | Parameter | Mapping[Any, Any]


class Node(ExecuteProcess):
    """Runs a ROS node; takes `ExecuteProcess`'s other arguments as well."""

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: Iterable[ParameterSource] | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(parameters, (str, Mapping)):
            raise TypeError(f"Node expected a list for 'parameters', got {type(parameters).__name__}")
        super().__init__(cmd=[executable, *(arguments or ())], name=exec_name, **kwargs)
        self._executable = executable
        self._package = package
        self._node_name = name
        self._namespace = namespace
        self._parameters = list(parameters or ())
        self._remappings = list(remappings or ())
        self._ros_arguments = list(ros_arguments or ())
        self._files: list[Path] = []
        self.expanded_node_name = "<node_name_unspecified>"
        self.expanded_node_namespace = "<node_namespace_unspecified>"

    @property
    def node_name(self) -> str:
        """The node's full name, with placeholders for the parts that the program chooses."""
        return f"{self.expanded_node_namespace.rstrip('/')}/{self.expanded_node_name}"

    @property
    def is_node_name_fully_specified(self) -> bool:
        """Whether name and namespace are both given."""
        return "<" not in self.node_name

    def execute(self, context: LaunchContext) -> None:
        super().execute(context)
        future = self.get_asyncio_future()
        if future is None:
            self._remove_files()
            return
        future.add_done_callback(lambda _: self._remove_files())
        if self.is_node_name_fully_specified:
            _warn_of_namesakes(context, self.node_name, self._log)

    def _remove_files(self) -> None:
        for file in self._files:
            file.unlink(missing_ok=True)

    def label(self, context: LaunchContext, cmd: list[str]) -> str:
        return os.path.basename(perform_text(context, self._executable))

    def make_cmd(self, context: LaunchContext) -> list[str]:
        executable, *arguments = super().make_cmd(context)
        if self._package is None:
            start = [executable]
        else:
            target = find_executable(perform_text(context, self._package), executable)
            start = entry_point.command(executable, target)
        ros_arguments = [perform_text(context, argument) for argument in self._ros_arguments]
        if ros_arguments:
            ros_arguments.insert(0, "--ros-args")
        names = self._name_arguments(context)
        parameters, remappings = self._parameter_arguments(context), self._remapping_arguments(context)
        return [*start, *arguments, *ros_arguments, "--ros-args", *names, *parameters, *remappings]

    def _name_arguments(self, context: LaunchContext) -> list[str]:
        arguments = []
        if self._node_name is not None:
            self.expanded_node_name = check_node_name(perform_text(context, self._node_name))
            arguments += ["-r", f"__node:={self.expanded_node_name}"]
        own = None if self._namespace is None else perform_text(context, self._namespace)
        namespace = join_namespaces(context.launch_configurations.get("ros_namespace"), own)
        if namespace is not None:
            self.expanded_node_namespace = namespace
            arguments += ["-r", f"__ns:={namespace}"]
        return arguments

    def _parameter_arguments(self, context: LaunchContext) -> list[str]:
        arguments = []
        for setting in context.launch_configurations.get("global_params", ()):
            arguments += _setting_arguments(setting)
        for source in self._parameters:
            if isinstance(source, Parameter):
                arguments += _setting_arguments(source.evaluate(context))
            elif isinstance(source, Mapping):
                arguments += ["--params-file", self._write_parameters(evaluate_dict(context, source))]
            else:
                file = source if isinstance(source, ParameterFile) else ParameterFile(source)
                arguments += self._file_arguments(file.evaluate(context))
        return arguments

    @staticmethod
    def _file_arguments(path: Path) -> list[str]:
        if path.is_file():
            return ["--params-file", str(path)]
        logging.get_logger("launch_ros.actions.node").warning(f"Parameter file path is not a file: {path}")
        return []

    def _write_parameters(self, parameters: dict[str, Any]) -> str:
        """Write the parameters to a file that lives as long as the process and return its path."""
        whom = self.node_name if self.is_node_name_fully_specified else "/**"
        with NamedTemporaryFile("w", prefix="launch_params_", suffix=".yaml", delete=False) as file:
            yaml.safe_dump({whom: {"ros__parameters": parameters}}, file, default_flow_style=False)
        self._files.append(Path(file.name))
        return file.name

    def _remapping_arguments(self, context: LaunchContext) -> list[str]:
        own = [(perform_text(context, old), perform_text(context, new)) for old, new in self._remappings]
        remappings = [*context.launch_configurations.get("ros_remaps", ()), *own]
        return [part for old, new in remappings for part in ("-r", f"{old}:={new}")]


def _setting_arguments(setting: tuple[str, Any] | Path) -> list[str]:
    if isinstance(setting, Path):
        return ["--params-file", str(setting)]
    name, value = setting
    text = yaml.safe_dump(value, default_flow_style=True, width=float("inf"))
    return ["-p", f"{name}:={text.removesuffix('...' + chr(10)).strip()}"]


def _warn_of_namesakes(context: LaunchContext, name: str, logger: Any) -> None:
    count = context.get_locals_as_dict().get(f"node {name}", 0) + 1
    context.extend_globals({f"node {name}": count})
    if count > 1:
        logger.warning(f"there are now at least {count} nodes with the name {name} created within this launch context")


class _Scoped(Action):
    """Base of the actions that add to what the nodes after them in the same scope get."""

    @staticmethod
    def _append(context: LaunchContext, key: str, item: Any) -> None:
        configurations = context.launch_configurations
        configurations[key] = [*configurations.get(key, ()), item]


class SetParameter(_Scoped):
    """Sets a parameter of the nodes after it."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.name = name
        self.value = value

    def execute(self, context: LaunchContext) -> None:
        name = perform_text(context, self.name)
        self._append(context, "global_params", (name, evaluate_value(context, self.value)))


class SetParametersFromFile(_Scoped):
    """Gives a parameter file to the nodes after it."""

    def __init__(self, filename: SomeSubstitutionsType, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.filename = filename

    def execute(self, context: LaunchContext) -> None:
        self._append(context, "global_params", ParameterFile(self.filename).evaluate(context))


class SetRemap(_Scoped):
    """Remaps a name for the nodes after it."""

    def __init__(
        self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, *, condition: Condition | None = None
    ) -> None:
        super().__init__(condition=condition)
        self.src = src
        self.dst = dst

    def execute(self, context: LaunchContext) -> None:
        self._append(context, "ros_remaps", (perform_text(context, self.src), perform_text(context, self.dst)))


class PushROSNamespace(Action):
    """Puts the nodes after it into a namespace."""

    def __init__(self, namespace: SomeSubstitutionsType, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        self.namespace = namespace

    def execute(self, context: LaunchContext) -> None:
        configurations = context.launch_configurations
        pushed = perform_text(context, self.namespace)
        configurations["ros_namespace"] = join_namespaces(configurations.get("ros_namespace"), pushed)


PushRosNamespace = PushROSNamespace


class SetUseSimTime(Action):
    """In ROS 2, sets the clock of the launch system's own node, which does not exist here."""

    def __init__(self, value: bool, *, condition: Condition | None = None) -> None:
        super().__init__(condition=condition)
        raise NotImplementedError(
            "SetUseSimTime only concerns the launch system's own node, which the embedded runtime does not have; "
            "SetParameter('use_sim_time', True) sets it for the nodes that follow"
        )
