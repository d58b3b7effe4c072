import math
from typing import Any

from .parameter import Parameter

REL_TOL = 1e-6


def objection(parameter: Parameter, descriptor: Any, *, is_declared: bool, check_read_only: bool) -> str:
    """Why the descriptor, which is completed, does not allow the value; empty if it does."""
    descriptor.name = parameter.name
    if check_read_only and descriptor.read_only:
        return f"Trying to set a read-only parameter: {parameter.name}."
    if descriptor.dynamic_typing:
        descriptor.type = parameter.type_.value
    elif parameter.type_ is Parameter.Type.NOT_SET:
        return "Static parameter cannot be undeclared" if is_declared else ""
    elif parameter.type_.value != descriptor.type:
        return f"Wrong parameter type, expected '{Parameter.Type(descriptor.type)}' got '{parameter.type_}'"
    if parameter.type_ is Parameter.Type.INTEGER and descriptor.integer_range:
        return _integer_objection(parameter, descriptor.integer_range[0])
    if parameter.type_ is Parameter.Type.DOUBLE and descriptor.floating_point_range:
        return _float_objection(parameter, descriptor.floating_point_range[0])
    return ""


def _integer_objection(parameter: Parameter, limits: Any) -> str:
    low, high = sorted((limits.from_value, limits.to_value))
    value = parameter.value
    if not low <= value <= high:
        return f"Parameter {parameter.name} out of range. Min: {low}, Max: {high}, value: {value}"
    if limits.step and value != high and (value - low) % limits.step:
        step = f"Min: {low}, max: {high}, value: {value}, step: {limits.step}"
        return f"The parameter value for {parameter.name} is not a valid step. {step}"
    return ""


def _float_objection(parameter: Parameter, limits: Any) -> str:
    low, high = sorted((limits.from_value, limits.to_value))
    value = parameter.value
    if math.isclose(value, low, rel_tol=REL_TOL) or math.isclose(value, high, rel_tol=REL_TOL):
        return ""
    if not low < value < high:
        return f"Parameter {parameter.name} out of range Min: {low}, Max: {high}, value: {value}"
    if limits.step:
        nearest = low + round((value - low) / limits.step) * limits.step
        if not math.isclose(nearest, value, rel_tol=REL_TOL):
            step = f"Min: {low}, max: {high}, value: {value}, step: {limits.step}"
            return f"The parameter value for {parameter.name} is not close enough to a valid step. {step}"
    return ""
