"""Substitutions whose text is a truth value or depends on one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import describe_substitutions as _describe
from ..utilities import normalize_to_list_of_substitutions as _normalize
from ..utilities import perform_substitutions
from ..utilities.type_utils import perform_typed_substitution
from .values import SubstitutionFailure, texts_of

if TYPE_CHECKING:
    from ..launch_context import LaunchContext


class EqualsSubstitution(Substitution):
    """'true' or 'false': whether two values are equal, as booleans, numbers or text."""

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = _operand(left), _operand(right)

    def describe(self) -> str:
        return f"{type(self).__name__}({_describe(self.left)} {_describe(self.right)})"

    def _equal(self, context: LaunchContext) -> bool:
        left, right = (perform_substitutions(context, side) for side in (self.left, self.right))
        booleans = {"true": True, "1": True, "false": False, "0": False}
        if left.lower() in booleans and right.lower() in booleans:
            return booleans[left.lower()] == booleans[right.lower()]
        try:
            return math.isclose(float(left), float(right))
        except ValueError:
            return left == right

    def perform(self, context: LaunchContext) -> str:
        return _truth(self._equal(context))


class NotEqualsSubstitution(EqualsSubstitution):
    """'true' or 'false': whether two values differ."""

    def perform(self, context: LaunchContext) -> str:
        return _truth(not self._equal(context))


class AnySubstitution(Substitution):
    """'true' if any argument is true."""

    def __init__(self, *args: SomeSubstitutionsType) -> None:
        self.args = [_normalize(arg) for arg in args]

    def describe(self) -> str:
        return f"{type(self).__name__}({' '.join(_describe(arg) for arg in self.args)})"

    def _booleans(self, context: LaunchContext) -> list[bool]:
        return [_boolean(context, arg) for arg in self.args]

    def perform(self, context: LaunchContext) -> str:
        return _truth(any(self._booleans(context)))


class AllSubstitution(AnySubstitution):
    """'true' if every argument is true."""

    def perform(self, context: LaunchContext) -> str:
        return _truth(all(self._booleans(context)))


class OrSubstitution(AnySubstitution):
    """'true' if one of two values is true."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)


class AndSubstitution(AllSubstitution):
    """'true' if both values are true."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)


class NotSubstitution(AllSubstitution):
    """'true' if the value is false."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        super().__init__(value)

    def perform(self, context: LaunchContext) -> str:
        return _truth(not all(self._booleans(context)))


class IfElseSubstitution(Substitution):
    """One of two texts, chosen by a boolean."""

    def __init__(
        self,
        condition: SomeSubstitutionsType,
        if_value: SomeSubstitutionsType = "",
        else_value: SomeSubstitutionsType = "",
    ) -> None:
        if if_value == else_value == "":
            raise RuntimeError("One of if_value and else_value must be specified")
        self.condition = _normalize(condition)
        self.if_value, self.else_value = _normalize(if_value), _normalize(else_value)

    def perform(self, context: LaunchContext) -> str:
        chosen = self.if_value if _boolean(context, self.condition) else self.else_value
        return perform_substitutions(context, chosen)


def _operand(value: Any) -> list[Substitution]:
    if value is None:
        return _normalize("")
    if isinstance(value, bool):
        return _normalize(_truth(value))
    return texts_of(value)


def _boolean(context: LaunchContext, subs: SomeSubstitutionsType) -> bool:
    try:
        return bool(perform_typed_substitution(context, subs, bool))
    except ValueError as error:
        raise SubstitutionFailure(str(error)) from error


def _truth(value: bool) -> str:
    return str(value).lower()
