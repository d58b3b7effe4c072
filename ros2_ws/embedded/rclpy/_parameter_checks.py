import math
from typing import Any

from .parameter import Parameter


def objection(parameter: Parameter, descriptor: Any, *, check_read_only: bool) -> str:
    """Why the descriptor does not allow the value; empty if it does."""
    if check_read_only and descriptor.read_only:
        return f"Trying to set a read-only parameter: {parameter.name}."
    if not descriptor.dynamic_typing:
        expected = Parameter.Type(descriptor.type)
        if parameter.type_ is Parameter.Type.NOT_SET:
            return "Static parameter cannot be undeclared"
        if parameter.type_ is not expected and not (
            isinstance(parameter.value, list) and expected.check(parameter.value)
        ):
            return f"Wrong parameter type, expected '{expected}' got '{parameter.type_}'"
    if parameter.type_ is Parameter.Type.INTEGER and descriptor.integer_range:
        return _integer_objection(parameter, descriptor.integer_range[0])
    if parameter.type_ is Parameter.Type.DOUBLE and descriptor.floating_point_range:
        return _float_objection(parameter, descriptor.floating_point_range[0])
    return ""


def _integer_objection(parameter: Parameter, limits: Any) -> str:
    low, high, value = limits.from_value, limits.to_value, parameter.value
    if value in (low, high):
        return ""
    if not min(low, high) < value < max(low, high):
        return f"Parameter {parameter.name} out of range. Min: {low}, Max: {high}, value: {value}"
    if limits.step and (value - low) % limits.step:
        return f"The parameter value for {parameter.name} is not a valid step. {_described(limits, value)}"
    return ""


def _float_objection(parameter: Parameter, limits: Any) -> str:
    low, high, value = limits.from_value, limits.to_value, parameter.value
    if math.isclose(value, low, rel_tol=1e-6) or math.isclose(value, high, rel_tol=1e-6):
        return ""
    if not min(low, high) < value < max(low, high):
        return f"Parameter {parameter.name} out of range Min: {low}, Max: {high}, value: {value}"
    if limits.step:
        distance = (value - low) / limits.step
        if not math.isclose(distance, round(distance), rel_tol=1e-6):
            reason = f"The parameter value for {parameter.name} is not close enough to a valid step."
            return f"{reason} {_described(limits, value)}"
    return ""


def _described(limits: Any, value: Any) -> str:
    return f"Min: {limits.from_value}, max: {limits.to_value}, value: {value}, step: {limits.step}"
