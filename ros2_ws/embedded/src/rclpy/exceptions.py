"""The exceptions of rclpy."""

from functools import partialmethod
from typing import TYPE_CHECKING, Any

from embedded_ros import rosargs

if TYPE_CHECKING:
    from rclpy.parameter import Parameter


UnknownROSArgsError = rosargs.UnknownROSArgsError


class RCLError(RuntimeError):
    """A call at the wrong time, for example after shutdown."""


class RCLInvalidROSArgsError(RCLError):
    """ROS arguments of a node that cannot be read."""


class RMWError(RuntimeError):
    """Bytes that are no message."""


class UnsupportedEventTypeError(RCLError):
    """The middleware does not report this kind of event."""


class InvalidHandle(RuntimeError):
    """Use of something that has been destroyed."""


class NodeNameNonExistentError(RCLError):
    """No node of that name in the graph."""


class NotInitializedException(Exception):
    """rclpy.init() has not been called, or the context has been shut down."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__("rclpy.init() has not been called." + (f" msg:{message}" if message else ""))


class NoTypeSupportImportedException(Exception):
    def __init__(self) -> None:
        super().__init__("no type_support imported")


class NameValidationException(Exception):
    """A name that breaks a rule, with the place."""

    def __init__(self, name_type: str, name: str, error_msg: str, invalid_index: int) -> None:
        self.error_msg = error_msg
        super().__init__(f"Invalid {name_type}: {error_msg}:\n  '{name}'\n   {' ' * invalid_index}^")


class InvalidNamespaceException(NameValidationException):
    __init__ = partialmethod(NameValidationException.__init__, "namespace")


class InvalidNodeNameException(NameValidationException):
    __init__ = partialmethod(NameValidationException.__init__, "node name")


class InvalidTopicNameException(NameValidationException):
    __init__ = partialmethod(NameValidationException.__init__, "topic name")


class InvalidServiceNameException(NameValidationException):
    __init__ = partialmethod(NameValidationException.__init__, "service name")


class ParameterException(Exception):
    def __init__(self, error_msg: str, parameters: str | list[str]) -> None:
        super().__init__(f"{error_msg}: {parameters}")


class ParameterNotDeclaredException(ParameterException):
    def __init__(self, parameters: str | list[str]) -> None:
        super().__init__("Invalid access to undeclared parameter(s)", parameters)


class ParameterAlreadyDeclaredException(ParameterException):
    def __init__(self, parameters: str | list[str]) -> None:
        super().__init__("Parameter(s) already declared", parameters)


class InvalidParameterException(ParameterException):
    def __init__(self, parameter_name: str) -> None:
        super().__init__("Invalid parameter name", parameter_name)


class InvalidParameterTypeException(ParameterException):
    def __init__(self, desired_parameter: "Parameter", expected_type: str) -> None:
        super().__init__(
            f"Trying to set parameter '{desired_parameter.name}' to '{desired_parameter.value}' of type "
            f"'{desired_parameter.type_.name}', expecting type '{expected_type}'",
            desired_parameter.name,
        )


class InvalidParameterValueException(ParameterException):
    def __init__(self, parameter: str, value: Any, reason: str) -> None:
        super().__init__(f"Invalid parameter value ({value}) for parameter. Reason: {reason}", parameter)


class ParameterImmutableException(ParameterException):
    def __init__(self, parameter_name: str) -> None:
        super().__init__("Attempted to modify read-only parameter", parameter_name)


class ParameterUninitializedException(ParameterException):
    def __init__(self, parameter_name: str) -> None:
        super().__init__(f"The parameter '{parameter_name}' is not initialized", parameter_name)


class ROSInterruptException(Exception):
    def __init__(self) -> None:
        super().__init__("rclpy.shutdown() has been called")
