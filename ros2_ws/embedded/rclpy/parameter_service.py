from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)

from .exceptions import ParameterNotDeclaredException, ParameterUninitializedException
from .parameter import Parameter
from .qos import qos_profile_parameters

if TYPE_CHECKING:
    from .node import Node


class ParameterService:
    """Lets others read and set a node's parameters."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        for name, srv_type, callback in (
            ("describe_parameters", DescribeParameters, self._describe),
            ("get_parameters", GetParameters, self._get),
            ("get_parameter_types", GetParameterTypes, self._types),
            ("list_parameters", ListParameters, self._list),
            ("set_parameters", SetParameters, self._set),
            ("set_parameters_atomically", SetParametersAtomically, self._set_atomically),
        ):
            node.create_service(srv_type, f"{node.get_name()}/{name}", callback, qos_profile=qos_profile_parameters)

    def _describe(self, request: Any, response: Any) -> Any:
        try:
            response.descriptors = self._node.describe_parameters(list(request.names))
        except ParameterNotDeclaredException:
            response.descriptors = []
        return response

    def _get(self, request: Any, response: Any) -> Any:
        try:
            response.values = [self._node.get_parameter(n).get_parameter_value() for n in request.names]
        except (ParameterNotDeclaredException, ParameterUninitializedException):
            response.values = []
        return response

    def _types(self, request: Any, response: Any) -> Any:
        try:
            response.types = [int(getattr(t, "value", t)) for t in self._node.get_parameter_types(list(request.names))]
        except ParameterNotDeclaredException:
            response.types = []
        return response

    def _list(self, request: Any, response: Any) -> Any:
        response.result = self._node.list_parameters(list(request.prefixes), request.depth)
        return response

    def _set(self, request: Any, response: Any) -> Any:
        for message in request.parameters:
            try:
                result = self._node.set_parameters_atomically([Parameter.from_parameter_msg(message)])
            except ParameterNotDeclaredException as error:
                result = SetParametersResult(successful=False, reason=str(error))
            response.results.append(result)
        return response

    def _set_atomically(self, request: Any, response: Any) -> Any:
        try:
            wanted = [Parameter.from_parameter_msg(message) for message in request.parameters]
            response.result = self._node.set_parameters_atomically(wanted)
        except ParameterNotDeclaredException as error:
            response.result = SetParametersResult(successful=False, reason=str(error))
        return response
