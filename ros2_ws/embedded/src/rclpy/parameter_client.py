import time
from collections.abc import Callable, Sequence
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMsg
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)

from .callback_groups import CallbackGroup
from .parameter import Parameter, parameter_dict_from_yaml_file
from .qos import QoSProfile, qos_profile_parameter_events, qos_profile_parameters
from .subscription import Subscription
from .task import Future

Callback = Callable[[Future], None]
SERVICES = {
    "describe_parameters": DescribeParameters,
    "get_parameters": GetParameters,
    "get_parameter_types": GetParameterTypes,
    "list_parameters": ListParameters,
    "set_parameters": SetParameters,
    "set_parameters_atomically": SetParametersAtomically,
}


class AsyncParameterClient:
    """Reads and sets the parameters of another node; each call returns a future of the service's response."""

    def __init__(
        self,
        node: Any,
        remote_node_name: str,
        qos_profile: QoSProfile = qos_profile_parameters,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        self.node, self.remote_node_name = node, remote_node_name
        self._clients = {
            srv_type: node.create_client(
                srv_type, f"{remote_node_name}/{name}", qos_profile=qos_profile, callback_group=callback_group
            )
            for name, srv_type in SERVICES.items()
        }

    def services_are_ready(self) -> bool:
        return all(client.service_is_ready() for client in self._clients.values())

    def wait_for_services(self, timeout_sec: float | None = None) -> bool:
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        for client in self._clients.values():
            remaining = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if not client.wait_for_service(remaining):
                return False
        return True

    def _call(self, srv_type: Any, callback: Callback | None, **request: Any) -> Future:
        future: Future = self._clients[srv_type].call_async(srv_type.Request(**request))
        if callback:
            future.add_done_callback(callback)
        return future

    def list_parameters(
        self, prefixes: list[str] | None = None, depth: int | None = None, callback: Callback | None = None
    ) -> Future:
        return self._call(ListParameters, callback, prefixes=prefixes or [], depth=depth or 0)

    def get_parameters(self, names: list[str], callback: Callback | None = None) -> Future:
        return self._call(GetParameters, callback, names=names)

    def get_parameter_types(self, names: list[str], callback: Callback | None = None) -> Future:
        return self._call(GetParameterTypes, callback, names=names)

    def describe_parameters(self, names: list[str], callback: Callback | None = None) -> Future:
        return self._call(DescribeParameters, callback, names=names)

    def set_parameters(self, parameters: Sequence[Any], callback: Callback | None = None) -> Future:
        return self._call(SetParameters, callback, parameters=_messages(parameters))

    def set_parameters_atomically(self, parameters: Sequence[Any], callback: Callback | None = None) -> Future:
        return self._call(SetParametersAtomically, callback, parameters=_messages(parameters))

    def delete_parameters(self, names: list[str], callback: Callback | None = None) -> Future:
        return self.set_parameters([Parameter(name) for name in names], callback)

    def load_parameter_file(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callback | None = None
    ) -> Future:
        return self.set_parameters(self._in_file(parameter_file, use_wildcard), callback)

    def load_parameter_file_atomically(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callback | None = None
    ) -> Future:
        return self.set_parameters_atomically(self._in_file(parameter_file, use_wildcard), callback)

    def on_parameter_event(
        self, callback: Callable[[Any], Any], qos_profile: QoSProfile = qos_profile_parameter_events, **options: Any
    ) -> Subscription:
        """Calls back for the events of all nodes; takes the options of `create_subscription`."""
        subscription: Subscription = self.node.create_subscription(
            ParameterEvent, "/parameter_events", callback, qos_profile, **options
        )
        return subscription

    def _in_file(self, path: str, use_wildcard: bool) -> list[Any]:
        return list(parameter_dict_from_yaml_file(path, use_wildcard).values())


def _messages(parameters: Sequence[Any]) -> list[Any]:
    return [p if isinstance(p, ParameterMsg) else p.to_parameter_msg() for p in parameters]
