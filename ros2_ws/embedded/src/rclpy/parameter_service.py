from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import SetParametersResult

from .exceptions import ParameterNotDeclaredException, ParameterUninitializedException
from .parameter import Parameter
from .parameter_client import SERVICES
from .qos import qos_profile_parameters

if TYPE_CHECKING:
    from .node import Node


class ParameterService:
    """Lets others read and set a node's parameters."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        for name, srv_type in SERVICES.items():
            answer = getattr(self, f"_{name}")
            node.create_service(srv_type, f"{node.get_name()}/{name}", answer, qos_profile=qos_profile_parameters)

    def _describe_parameters(self, request: Any, response: Any) -> Any:
        try:
            response.descriptors = self._node.describe_parameters(list(request.names))
        except ParameterNotDeclaredException:
            response.descriptors = []
        return response

    def _get_parameters(self, request: Any, response: Any) -> Any:
        try:
            response.values = [self._node.get_parameter(n).get_parameter_value() for n in request.names]
        except (ParameterNotDeclaredException, ParameterUninitializedException):
            response.values = []
        return response

    def _get_parameter_types(self, request: Any, response: Any) -> Any:
        try:
            response.types = [int(getattr(t, "value", t)) for t in self._node.get_parameter_types(list(request.names))]
        except ParameterNotDeclaredException:
            response.types = []
        return response

    def _list_parameters(self, request: Any, response: Any) -> Any:
        response.result = self._node.list_parameters(list(request.prefixes), request.depth)
        return response

    def _set_parameters(self, request: Any, response: Any) -> Any:
        for message in request.parameters:
            try:
                result = self._node.set_parameters_atomically([Parameter.from_parameter_msg(message)])
            except ParameterNotDeclaredException as error:
                result = SetParametersResult(successful=False, reason=str(error))
            response.results.append(result)
        return response

    def _set_parameters_atomically(self, request: Any, response: Any) -> Any:
        try:
            wanted = [Parameter.from_parameter_msg(message) for message in request.parameters]
            response.result = self._node.set_parameters_atomically(wanted)
        except ParameterNotDeclaredException as error:
            response.result = SetParametersResult(successful=False, reason=str(error))
        return response
