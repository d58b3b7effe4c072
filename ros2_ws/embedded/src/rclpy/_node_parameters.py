import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import (
    ListParametersResult,
    ParameterDescriptor,
    ParameterEvent,
    ParameterValue,
    SetParametersResult,
)
from rcl_interfaces.msg import (
    Parameter as ParameterMsg,
)

from ._parameter_checks import objection
from .exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from .parameter import Parameter, parameter_value_to_python

if TYPE_CHECKING:
    from .clock import ROSClock
    from .publisher import Publisher

Callback = Callable[[list[Parameter]], Any]
SEPARATOR = "."


class NodeParameters:
    """The part of Node that keeps parameters."""

    _parameters: dict[str, Parameter]
    _descriptors: dict[str, Any]
    _parameter_overrides: dict[str, Parameter]
    _allow_undeclared_parameters: bool
    _parameter_event_publisher: "Publisher"
    _clock: "ROSClock"

    def _init_parameters(self, overrides: dict[str, Parameter], allow_undeclared: bool) -> None:
        self._parameters, self._descriptors = {}, {}
        self._parameter_overrides, self._allow_undeclared_parameters = overrides, allow_undeclared
        self._pre_set_parameters_callbacks: list[Callback] = []
        self._on_set_parameters_callbacks: list[Callback] = []
        self._post_set_parameters_callbacks: list[Callback] = []

    def get_fully_qualified_name(self) -> str:
        raise NotImplementedError

    # Declaring

    def declare_parameter(
        self, name: str, value: Any = None, descriptor: Any = None, ignore_override: bool = False
    ) -> Parameter:
        if value is None and descriptor is None:
            return self.declare_parameters("", [(name,)], ignore_override)[0]
        entry = (name, value) if descriptor is None else (name, value, descriptor)
        return self.declare_parameters("", [entry], ignore_override)[0]

    def declare_parameters(
        self, namespace: str, parameters: list[tuple[Any, ...]], ignore_override: bool = False
    ) -> list[Parameter]:
        wanted = [self._declaration(index, namespace, entry) for index, entry in enumerate(parameters)]
        taken = [parameter.name for parameter, _ in wanted if parameter.name in self._parameters]
        if taken:
            raise ParameterAlreadyDeclaredException(taken)
        for declared, descriptor in wanted:
            name, parameter = declared.name, declared
            if not ignore_override and name in self._parameter_overrides:
                parameter = self._parameter_overrides[name]
            result = self._set_atomically([parameter], {name: descriptor}, keep_unset=True)
            if not result.successful:
                if result.reason.startswith("Wrong parameter type"):
                    raise InvalidParameterTypeException(parameter, Parameter.Type(descriptor.type).name)
                raise InvalidParameterValueException(name, parameter.value, result.reason)
        return [self._parameters[parameter.name] for parameter, _ in wanted]

    def _declaration(self, index: int, namespace: str, entry: tuple[Any, ...]) -> tuple[Parameter, Any]:
        if not 1 <= len(entry) <= 3:
            where = f"at index {index} in parameters list: {entry}"
            raise TypeError(f"Invalid parameter tuple length {where}; expecting length between 1 and 3")
        name, value, descriptor = (*entry, None, None)[:3] if len(entry) < 3 else entry
        if not isinstance(name, str):
            raise TypeError(f"First element {name} at index {index} in parameters list is not a str.")
        name = f"{namespace}.{name}" if namespace else name
        if not name:
            raise InvalidParameterException(name)
        if descriptor is None:
            descriptor = ParameterDescriptor(dynamic_typing=len(entry) == 1)
            if len(entry) == 1:
                warnings.warn(f"parameter {name!r} is declared without a value or type", stacklevel=4)
        if not isinstance(descriptor, ParameterDescriptor):
            raise TypeError(
                f"Third element {descriptor} at index {index} in parameters list is not a ParameterDescriptor."
            )
        if isinstance(value, Parameter.Type):
            if value is Parameter.Type.NOT_SET:
                raise ValueError(f"Cannot declare parameter {{{name}}} as statically typed of type NOT_SET")
            if descriptor.dynamic_typing:
                raise ValueError(
                    f"parameter {{{name}}} cannot have both a type and a descriptor with dynamic_typing=True"
                )
            descriptor.type = value.value
            return Parameter(name), descriptor
        if isinstance(value, ParameterValue):
            value = parameter_value_to_python(value)
        parameter = Parameter(name, value=value)
        if not descriptor.dynamic_typing:
            descriptor.type = parameter.type_.value
            if parameter.type_ is Parameter.Type.NOT_SET:
                raise ValueError(
                    "Cannot declare a statically typed parameter with default value of type PARAMETER_NOT_SET"
                )
        return parameter, descriptor

    def undeclare_parameter(self, name: str) -> None:
        if not self.has_parameter(name):
            raise ParameterNotDeclaredException(name)
        if self._descriptors[name].read_only:
            raise ParameterImmutableException(name)
        del self._parameters[name], self._descriptors[name]

    # Reading

    def has_parameter(self, name: str) -> bool:
        return name in self._parameters

    def get_parameter(self, name: str) -> Parameter:
        if name in self._parameters:
            parameter = self._parameters[name]
            if parameter.type_ is Parameter.Type.NOT_SET and not self._descriptors[name].dynamic_typing:
                raise ParameterUninitializedException(name)
            return parameter
        if self._allow_undeclared_parameters:
            return Parameter(name)
        raise ParameterNotDeclaredException(name)

    def get_parameters(self, names: list[str]) -> list[Parameter]:
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter(name) for name in names]

    def get_parameter_or(self, name: str, alternative_value: Parameter | None = None) -> Parameter:
        alternative = Parameter(name) if alternative_value is None else alternative_value
        found = self._parameters.get(name, alternative)
        return alternative if found.type_ is Parameter.Type.NOT_SET else found

    def get_parameter_type(self, name: str) -> Any:
        if name in self._parameters:
            return self._parameters[name].type_.value
        if self._allow_undeclared_parameters:
            return Parameter.Type.NOT_SET
        raise ParameterNotDeclaredException(name)

    def get_parameter_types(self, names: list[str]) -> list[Any]:
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter_type(name) for name in names]

    def get_parameters_by_prefix(self, prefix: str) -> dict[str, Parameter]:
        start = f"{prefix}{SEPARATOR}" if prefix else ""
        return {n[len(start) :]: p for n, p in self._parameters.items() if n.startswith(start)}

    def list_parameters(self, prefixes: list[str], depth: int) -> Any:
        """Names, and the prefixes they have; depth 0 means any depth."""
        if not isinstance(prefixes, list) or not all(isinstance(p, str) for p in prefixes):
            raise TypeError("The prefixes argument must be a list of str")
        if not isinstance(depth, int):
            raise TypeError("The depth must be instance of type int")
        if depth < 0:
            raise ValueError("The depth must be greater than or equal to zero")

        def wanted(name: str) -> bool:
            rests = (
                [name[len(p) + 1 :] for p in prefixes if name == p or name.startswith(p + SEPARATOR)]
                if prefixes
                else [name]
            )
            return any(depth == 0 or rest.count(SEPARATOR) < depth for rest in rests)

        result = ListParametersResult()
        result.names = [name for name in self._parameters if wanted(name)]
        parents = [name.rpartition(SEPARATOR)[0] for name in result.names if SEPARATOR in name]
        result.prefixes = list(dict.fromkeys(parents))
        return result

    def describe_parameter(self, name: str) -> Any:
        if name not in self._descriptors and not self._allow_undeclared_parameters:
            raise ParameterNotDeclaredException(name)
        return self._descriptors.get(name) or ParameterDescriptor()

    def describe_parameters(self, names: list[str]) -> list[Any]:
        return [self.describe_parameter(name) for name in names]

    def set_descriptor(self, name: str, descriptor: Any, alternative_value: Any = None) -> Any:
        if not self.has_parameter(name):
            if self._allow_undeclared_parameters:
                return self.get_parameter(name).get_parameter_value()
            raise ParameterNotDeclaredException(name)
        if self._descriptors[name].read_only:
            raise ParameterImmutableException(name)
        current = alternative = self.get_parameter(name)
        if alternative_value is not None:
            alternative = Parameter.from_parameter_msg(ParameterMsg(name=name, value=alternative_value))
        if objection(current, descriptor, is_declared=True, check_read_only=False):
            if reason := objection(alternative, descriptor, is_declared=True, check_read_only=False):
                raise InvalidParameterValueException(name, alternative.value, reason)
            self._parameters[name] = alternative
        self._descriptors[name] = descriptor
        return self.get_parameter(name).get_parameter_value()

    # Setting

    def set_parameters(self, parameter_list: list[Parameter]) -> list[Any]:
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> Any:
        if callbacks := self._pre_set_parameters_callbacks:
            parameter_list = [changed for callback in callbacks for changed in callback(parameter_list)]
            if not parameter_list:
                reason = "parameter list cannot be empty, this might be due to pre_set_parameters_callback"
                return SetParametersResult(successful=False, reason=f"{reason} modifying the original parameters list.")
        if not all(isinstance(parameter, Parameter) for parameter in parameter_list):
            raise TypeError(f"parameter must be instance of type '{Parameter!r}'")
        unknown = [p.name for p in parameter_list if not self.has_parameter(p.name)]
        if unknown and not self._allow_undeclared_parameters:
            raise ParameterNotDeclaredException(unknown)
        return self._set_atomically(parameter_list)

    def _set_atomically(
        self, parameters: list[Parameter], descriptors: dict[str, Any] | None = None, *, keep_unset: bool = False
    ) -> Any:
        """Sets all or none; new `descriptors` replace the present ones."""
        for parameter in parameters:
            known = (descriptors or self._descriptors).get(parameter.name, ParameterDescriptor(dynamic_typing=True))
            is_declared = self.has_parameter(parameter.name)
            if reason := objection(parameter, known, is_declared=is_declared, check_read_only=descriptors is None):
                return SetParametersResult(successful=False, reason=reason)
        for callback in self._on_set_parameters_callbacks:
            result = callback(parameters)
            if not result.successful:
                return result
        event = ParameterEvent(node=self.get_fully_qualified_name())
        for parameter in parameters:
            self._store(parameter, descriptors, event, keep_unset)
        event.stamp = self._clock.now().to_msg()
        self._parameter_event_publisher.publish(event)
        for callback in self._post_set_parameters_callbacks:
            callback(parameters)
        return SetParametersResult(successful=True)

    def _store(self, parameter: Parameter, descriptors: dict[str, Any] | None, event: Any, keep_unset: bool) -> None:
        name = parameter.name
        if parameter.type_ is Parameter.Type.NOT_SET and not keep_unset:
            event.deleted_parameters.append(parameter.to_parameter_msg())
            self._parameters.pop(name, None)
            self._descriptors.pop(name, None)
            return
        if descriptors is not None:
            self._descriptors[name] = descriptors[name]
        elif name not in self._descriptors:
            self._descriptors[name] = ParameterDescriptor(dynamic_typing=True)
        is_new = self.get_parameter_or(name).type_ is Parameter.Type.NOT_SET
        (event.new_parameters if is_new else event.changed_parameters).append(parameter.to_parameter_msg())
        self._parameters[name] = parameter

    # Callbacks

    def add_pre_set_parameters_callback(self, callback: Callback) -> None:
        self._pre_set_parameters_callbacks.insert(0, callback)

    def add_on_set_parameters_callback(self, callback: Callback) -> None:
        self._on_set_parameters_callbacks.insert(0, callback)

    def add_post_set_parameters_callback(self, callback: Callback) -> None:
        self._post_set_parameters_callbacks.insert(0, callback)

    def remove_pre_set_parameters_callback(self, callback: Callback) -> None:
        self._pre_set_parameters_callbacks.remove(callback)

    def remove_on_set_parameters_callback(self, callback: Callback) -> None:
        self._on_set_parameters_callbacks.remove(callback)

    def remove_post_set_parameters_callback(self, callback: Callback) -> None:
        self._post_set_parameters_callbacks.remove(callback)
