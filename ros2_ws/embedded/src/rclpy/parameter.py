import array
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from embedded_ros.rosargs import flatten
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

_PYTHON_TYPES = [type(None), bool, int, float, str, bytes, bool, int, float, str]


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
            for kind in cls:
                if kind.check(parameter_value):
                    return kind
            what = "a list of one" if isinstance(parameter_value, list | tuple | array.array) else "one"
            raise TypeError(f"The given value is not {what} of the allowed types '{parameter_value}'.")

        def check(self, parameter_value: Any) -> bool:
            python_type = _PYTHON_TYPES[self.value]
            if self.value < Parameter.Type.BYTE_ARRAY.value:
                return isinstance(parameter_value, python_type)
            is_sequence = isinstance(parameter_value, list | tuple | array.array)
            return is_sequence and all(isinstance(value, python_type) for value in parameter_value)

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
        kind = param_msg.value.type
        return cls(param_msg.name, Parameter.Type(kind), getattr(param_msg.value, _FIELDS[kind]) if kind else None)

    def get_parameter_value(self) -> Any:
        message = ParameterValue(type=self.type_.value)
        if self.type_ is not Parameter.Type.NOT_SET:
            setattr(message, _FIELDS[self.type_.value], self.value)
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
    return value if isinstance(value, bool | int | float | str) else list(value)


def get_parameter_value(string_value: str) -> Any:
    """ParameterValue message for a value written as YAML, as on a command line; what is not YAML is a string."""
    import yaml

    with suppress(yaml.YAMLError, TypeError):
        value = yaml.safe_load(string_value)
        if value is not None:
            kind = Parameter.Type.BOOL_ARRAY if value == [] else None  # as in ROS 2
            return Parameter("", kind, value).get_parameter_value()
    return Parameter("", value=string_value).get_parameter_value()


def parameter_dict_from_yaml_file(
    parameter_file: str, use_wildcard: bool = False, target_nodes: list[str] | None = None, namespace: str = ""
) -> dict[str, Any]:
    """Parameter messages by name, for the nodes given or all in the file; `namespace` goes before the names."""
    import yaml

    content = yaml.safe_load(Path(parameter_file).read_text(encoding="utf-8"))
    for node in target_nodes or ():
        if node not in content:
            raise RuntimeError(f"Param file does not contain parameters for {node}, only for nodes: {list(content)}")
    nodes = target_nodes or [node for node in content if node != "/**"]
    if use_wildcard and "/**" in content:
        nodes = ["/**", *nodes]
    if not nodes:
        raise RuntimeError("Param file does not contain selected parameters")
    values: dict[str, Any] = {}
    for node in nodes:
        if not isinstance(content[node], dict) or "ros__parameters" not in content[node]:
            raise RuntimeError(f"YAML file is not a valid ROS parameter file for node {node}")
        values |= {f"{namespace}{name}": value for name, value in flatten("", content[node]["ros__parameters"])}
    return {name: ParameterMsg(name=name, value=get_parameter_value(str(value))) for name, value in values.items()}
