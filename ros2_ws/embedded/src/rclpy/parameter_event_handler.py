from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from embedded_ros.names import full_name
from rcl_interfaces.msg import ParameterEvent

from .callback_groups import CallbackGroup
from .qos import QoSProfile, qos_profile_parameter_events

if TYPE_CHECKING:
    from .node import Node

Callback = Callable[[Any], Any]


@dataclass(eq=False)
class ParameterCallbackHandle:
    """Names a callback for one parameter, so that it can be removed."""

    parameter_name: str
    node_name: str
    callback: Callback


@dataclass(eq=False)
class ParameterEventCallbackHandle:
    """Names a callback for all events, so that it can be removed."""

    callback: Callback


class ParameterEventHandler:
    """Calls back when parameters of any node change; the newest callback comes first."""

    def __init__(
        self,
        node: "Node",
        qos_profile: QoSProfile = qos_profile_parameter_events,
        callback_group: CallbackGroup | None = None,
        **options: Any,
    ) -> None:
        """Takes the options of `create_subscription`."""
        self.node, self.qos_profile = node, qos_profile
        self._parameter_callbacks: list[ParameterCallbackHandle] = []
        self._event_callbacks: list[ParameterEventCallbackHandle] = []
        self.parameter_event_subscription = node.create_subscription(
            ParameterEvent, "/parameter_events", self._on_event, qos_profile, callback_group=callback_group, **options
        )

    def destroy(self) -> None:
        self.node.destroy_subscription(self.parameter_event_subscription)

    def _on_event(self, event: Any) -> None:
        for handle in list(self._parameter_callbacks):
            parameter = self.get_parameter_from_event(event, handle.parameter_name, handle.node_name)
            if parameter is not None:
                handle.callback(parameter)
        for each in list(self._event_callbacks):
            each.callback(event)

    @staticmethod
    def get_parameter_from_event(event: Any, parameter_name: str, node_name: str) -> Any:
        """The message of a parameter that is new or has changed; None if it is not in the event."""
        found = (p for p in ParameterEventHandler.get_parameters_from_event(event) if p.name == parameter_name)
        return next(found, None) if event.node == node_name else None

    @staticmethod
    def get_parameters_from_event(event: Any) -> Iterable[Any]:
        yield from chain(event.new_parameters, event.changed_parameters)

    def add_parameter_callback(
        self, parameter_name: str, node_name: str, callback: Callback
    ) -> ParameterCallbackHandle:
        """A node's name without a slash is in the namespace of this node, an empty one is this node."""
        handle = ParameterCallbackHandle(parameter_name, self._full_name(node_name), callback)
        self._parameter_callbacks.insert(0, handle)
        return handle

    def remove_parameter_callback(self, handle: ParameterCallbackHandle) -> None:
        _remove(self._parameter_callbacks, handle)

    def add_parameter_event_callback(self, callback: Callback) -> ParameterEventCallbackHandle:
        handle = ParameterEventCallbackHandle(callback)
        self._event_callbacks.insert(0, handle)
        return handle

    def remove_parameter_event_callback(self, handle: ParameterEventCallbackHandle) -> None:
        _remove(self._event_callbacks, handle)

    def _full_name(self, node_name: str) -> str:
        if not node_name:
            return self.node.get_fully_qualified_name()
        return node_name if node_name.startswith("/") else full_name(self.node.get_namespace(), node_name)


def _remove(handles: list[Any], handle: Any) -> None:
    if handle not in handles:
        raise RuntimeError("Callback doesn't exist")
    handles.remove(handle)
