import array
from enum import Enum
from typing import Any

import numpy as np
from embedded_ros.rosargs import node_matches, read_parameter_file
from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterType, ParameterValue

PARAMETER_SEPARATOR_STRING = "."
# The field of ParameterValue that holds the value of each type.
_FIELDS = {
    1: "bool_value",
    2: "integer_value",
    3: "double_value",
    4: "string_value",
    5: "byte_array_value",
    6: "bool_array_value",
    7: "integer_array_value",
    8: "double_array_value",
    9: "string_array_value",
}


class Parameter:
    """A named value of one of the parameter types."""

    class Type(Enum):
        NOT_SET = 0
        BOOL = 1
        INTEGER = 2
        DOUBLE = 3
        STRING = 4
        BYTE_ARRAY = 5
        BOOL_ARRAY = 6
        INTEGER_ARRAY = 7
        DOUBLE_ARRAY = 8
        STRING_ARRAY = 9

        @classmethod
        def from_parameter_value(cls, parameter_value: Any) -> "Parameter.Type":
            """Type of a Python value; raises TypeError if parameters cannot hold it."""
            if parameter_value is None:
                return cls.NOT_SET
            for kind, python in ((cls.BOOL, bool), (cls.INTEGER, int), (cls.DOUBLE, float), (cls.STRING, str)):
                if isinstance(parameter_value, python):
                    return kind
            if isinstance(parameter_value, list | tuple | array.array | np.ndarray):
                return cls._of_elements(list(parameter_value))
            raise TypeError(f"The given value is not one of the allowed types '{parameter_value}'.")

        @classmethod
        def _of_elements(cls, values: list[Any]) -> "Parameter.Type":
            kinds = (
                (cls.BYTE_ARRAY, bytes),
                (cls.BOOL_ARRAY, bool),
                (cls.INTEGER_ARRAY, int),
                (cls.DOUBLE_ARRAY, float),
                (cls.STRING_ARRAY, str),
            )
            for kind, python in kinds:
                if all(isinstance(value, python) for value in values):
                    return kind
            raise TypeError(f"The given value is not a list of one of the allowed types '{values}'.")

        def check(self, parameter_value: Any) -> bool:
            if isinstance(parameter_value, list | tuple) and not parameter_value:
                return self.value >= Parameter.Type.BYTE_ARRAY.value
            return Parameter.Type.from_parameter_value(parameter_value) is self

    def __init__(self, name: str, type_: "Parameter.Type | None" = None, value: Any = None) -> None:
        if type_ is None:
            type_ = Parameter.Type.from_parameter_value(value)
        if not isinstance(type_, Parameter.Type):
            raise TypeError("type must be an instance of 'rclpy.Parameter.Type'")
        if not type_.check(value):
            raise ValueError(f"Type '{type_}' and value '{value}' do not agree")
        self._name, self._type_, self._value = name, type_, value

    @property
    def name(self) -> str:
        return self._name

    @property
    def type_(self) -> "Parameter.Type":
        return self._type_

    @property
    def value(self) -> Any:
        return self._value

    def __repr__(self) -> str:
        return f"Parameter(name={self.name!r}, type={self.type_}, value={self.value!r})"

    @classmethod
    def from_parameter_msg(cls, param_msg: Any) -> "Parameter":
        return cls(param_msg.name, Parameter.Type(param_msg.value.type), parameter_value_to_python(param_msg.value))

    def get_parameter_value(self) -> Any:
        message = ParameterValue(type=self.type_.value)
        if self.type_ is not Parameter.Type.NOT_SET:
            value = list(self.value) if self.type_.value >= Parameter.Type.BYTE_ARRAY.value else self.value
            setattr(message, _FIELDS[self.type_.value], value)
        return message

    def to_parameter_msg(self) -> Any:
        return ParameterMsg(name=self.name, value=self.get_parameter_value())


def parameter_value_to_python(parameter_value: Any) -> Any:
    """The Python value in a ParameterValue message; arrays become lists."""
    if parameter_value.type == ParameterType.PARAMETER_NOT_SET:
        return None
    if parameter_value.type not in _FIELDS:
        raise RuntimeError(f"unexpected parameter type {parameter_value.type}")
    value = getattr(parameter_value, _FIELDS[parameter_value.type])
    return value.tolist() if isinstance(value, array.array) else value


def get_parameter_value(string_value: str) -> Any:
    """ParameterValue message for a value written as YAML, as on a command line; what is not YAML is a string."""
    import yaml

    try:
        value = yaml.safe_load(string_value)
    except yaml.YAMLError:
        value = string_value
    if value is None or isinstance(value, dict):
        value = string_value
    try:
        return Parameter("", value=value).get_parameter_value()
    except TypeError:
        return Parameter("", value=string_value).get_parameter_value()


def parameter_dict_from_yaml_file(
    parameter_file: str, use_wildcard: bool = False, target_nodes: list[str] | None = None, namespace: str = ""
) -> dict[str, Any]:
    """Parameter messages by name, for the nodes given or all in the file."""
    found: dict[str, Any] = {}
    for pattern, values in read_parameter_file(parameter_file):
        wild = "*" in pattern
        if (wild and not use_wildcard) or (
            target_nodes is not None and not any(node_matches(pattern, node) for node in target_nodes)
        ):
            continue
        for name, value in values.items():
            full = f"{namespace}.{name}" if namespace else name
            found[full] = Parameter(full, value=value).to_parameter_msg()
    if not found:
        raise RuntimeError(f"Param file does not contain selected parameters for {target_nodes or 'any node'}")
    return found
