"""Lets users change a topic's quality of service with parameters, such as `qos_overrides./odom.publisher.depth`."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult

from .duration import Duration
from .qos import QoSPolicyEnum, QoSPolicyKind, QoSProfile

QosCallbackResult = SetParametersResult
QosCallbackType = Callable[[QoSProfile], Any]


class InvalidQosOverridesError(Exception):
    """The callback of the options refused the profile."""


class QoSOverridingOptions:
    """Policies that parameters may change, and a callback that checks the outcome."""

    def __init__(
        self,
        policy_kinds: Iterable[QoSPolicyKind],
        *,
        callback: QosCallbackType | None = None,
        entity_id: str | None = None,
    ) -> None:
        self.policy_kinds, self.callback, self.entity_id = policy_kinds, callback, entity_id

    @classmethod
    def with_default_policies(
        cls, *, callback: QosCallbackType | None = None, entity_id: str | None = None
    ) -> "QoSOverridingOptions":
        kinds = (QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY)
        return cls(kinds, callback=callback, entity_id=entity_id)


def overridden(node: Any, topic: str, profile: QoSProfile, options: QoSOverridingOptions, kind: str) -> QoSProfile:
    """The profile after the node's parameters, which are declared; `kind` is "publisher" or "subscription"."""
    chosen = copy.copy(profile)
    suffix = f"_{options.entity_id}" if options.entity_id is not None else ""
    about = f"for {kind} `{topic}` with id `{options.entity_id}`"
    for policy in options.policy_kinds:
        if policy == QoSPolicyKind.LIFESPAN and kind == "subscription":
            continue
        field = policy.name.lower()
        name = f"qos_overrides.{topic}.{kind}{suffix}.{field}"
        if not node.has_parameter(name):
            descriptor = ParameterDescriptor(description=f"{field} {about}", read_only=True)
            node.declare_parameter(name, _to_parameter(getattr(profile, field)), descriptor)
        setattr(chosen, field, _from_parameter(field, getattr(profile, field), node.get_parameter(name).value))
    if options.callback is not None and not (result := options.callback(chosen)).successful:
        raise InvalidQosOverridesError(f"Provided QoS overrides {about}, are not valid: {result.reason}")
    return chosen


def _to_parameter(value: Any) -> str | int | bool:
    if isinstance(value, QoSPolicyEnum):
        return value.short_key
    return value.nanoseconds if isinstance(value, Duration) else value


def _from_parameter(field: str, default: Any, value: Any) -> Any:
    if isinstance(default, Duration):
        return Duration(nanoseconds=value)
    if isinstance(default, QoSPolicyEnum):
        try:
            return type(default)[value.upper()]
        except KeyError:
            raise RuntimeError(f"Unexpected QoS override for policy `{field}`: `{value}`") from None
    return value
