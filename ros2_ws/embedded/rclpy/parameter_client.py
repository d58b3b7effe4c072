import time
from collections.abc import Callable, Sequence
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMsg
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
from .qos import QoSProfile, qos_profile_parameters
from .task import Future

Callback = Callable[[Future], None]


class AsyncParameterClient:
    """Reads and sets the parameters of another node; each call returns a future of the service's response."""

    def __init__(
        self,
        node: Any,
        remote_node_name: str,
        qos_profile: QoSProfile = qos_profile_parameters,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        self.remote_node_name = remote_node_name

        def client(srv_type: Any, name: str) -> Any:
            service = f"{remote_node_name}/{name}"
            return node.create_client(srv_type, service, qos_profile=qos_profile, callback_group=callback_group)

        self._get = client(GetParameters, "get_parameters")
        self._list = client(ListParameters, "list_parameters")
        self._set = client(SetParameters, "set_parameters")
        self._types = client(GetParameterTypes, "get_parameter_types")
        self._describe = client(DescribeParameters, "describe_parameters")
        self._atomically = client(SetParametersAtomically, "set_parameters_atomically")
        self._clients = (self._get, self._list, self._set, self._types, self._describe, self._atomically)

    def services_are_ready(self) -> bool:
        return all(client.service_is_ready() for client in self._clients)

    def wait_for_services(self, timeout_sec: float | None = None) -> bool:
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        for client in self._clients:
            remaining = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            if not client.wait_for_service(remaining):
                return False
        return True

    def _call(self, client: Any, request: Any, callback: Callback | None) -> Future:
        future: Future = client.call_async(request)
        if callback:
            future.add_done_callback(callback)
        return future

    def list_parameters(
        self, prefixes: list[str] | None = None, depth: int | None = None, callback: Callback | None = None
    ) -> Future:
        request = ListParameters.Request(prefixes=prefixes or [], depth=depth or 0)
        return self._call(self._list, request, callback)

    def get_parameters(self, names: list[str], callback: Callback | None = None) -> Future:
        return self._call(self._get, GetParameters.Request(names=names), callback)

    def get_parameter_types(self, names: list[str], callback: Callback | None = None) -> Future:
        return self._call(self._types, GetParameterTypes.Request(names=names), callback)

    def describe_parameters(self, names: list[str], callback: Callback | None = None) -> Future:
        return self._call(self._describe, DescribeParameters.Request(names=names), callback)

    def set_parameters(self, parameters: Sequence[Any], callback: Callback | None = None) -> Future:
        return self._call(self._set, SetParameters.Request(parameters=_messages(parameters)), callback)

    def set_parameters_atomically(self, parameters: Sequence[Any], callback: Callback | None = None) -> Future:
        return self._call(self._atomically, SetParametersAtomically.Request(parameters=_messages(parameters)), callback)

    def delete_parameters(self, names: list[str], callback: Callback | None = None) -> Future:
        return self.set_parameters([Parameter(name) for name in names], callback)

    def load_parameter_file(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callback | None = None
    ) -> Future:
        found = parameter_dict_from_yaml_file(parameter_file, use_wildcard, target_nodes=[self.remote_node_name])
        return self.set_parameters(list(found.values()), callback)

    def load_parameter_file_atomically(
        self, parameter_file: str, use_wildcard: bool = False, callback: Callback | None = None
    ) -> Future:
        found = parameter_dict_from_yaml_file(parameter_file, use_wildcard, target_nodes=[self.remote_node_name])
        return self.set_parameters_atomically(list(found.values()), callback)


def _messages(parameters: Sequence[Any]) -> list[Any]:
    return [p if isinstance(p, ParameterMsg) else p.to_parameter_msg() for p in parameters]
