from typing import TYPE_CHECKING, Any

from embedded_ros.definitions import UnknownTypeError, definition_file
from embedded_ros.typehash import type_description, type_hash
from rcl_interfaces.msg import ParameterDescriptor
from type_description_interfaces.msg import Field, FieldType, IndividualTypeDescription, TypeSource
from type_description_interfaces.srv import GetTypeDescription

if TYPE_CHECKING:
    from .node import Node

START_TYPE_DESCRIPTION_SERVICE_PARAM = "start_type_description_service"


class TypeDescriptionService:
    """Tells others what a type looks like."""

    def __init__(self, node: "Node") -> None:
        name = START_TYPE_DESCRIPTION_SERVICE_PARAM
        if not node.has_parameter(name):
            description = "If enabled, start the ~/get_type_description service."
            node.declare_parameter(name, True, ParameterDescriptor(description=description, read_only=True))
        if node.get_parameter(name).value:
            node.create_service(GetTypeDescription, f"{node.get_name()}/get_type_description", self._answer)

    def _answer(self, request: Any, response: Any) -> Any:
        try:
            found = type_description(request.type_name)
            if request.type_hash and request.type_hash != type_hash(request.type_name):
                raise UnknownTypeError(f"{request.type_name} has another hash here: {type_hash(request.type_name)}")
        except UnknownTypeError as error:
            response.failure_reason = str(error)
            return response
        response.successful = True
        described = [found["type_description"], *found["referenced_type_descriptions"]]
        if request.include_type_sources:
            response.type_sources = [_source(each["type_name"]) for each in described]
        first, *referenced = map(_individual, described)
        response.type_description.type_description = first
        response.type_description.referenced_type_descriptions = referenced
        return response


def _individual(description: dict[str, Any]) -> Any:
    fields = [Field(name=field["name"], type=FieldType(**field["type"])) for field in description["fields"]]
    return IndividualTypeDescription(type_name=description["type_name"], fields=fields)


def _source(name: str) -> Any:
    if (path := definition_file(name)) is None:
        raise UnknownTypeError(name)
    return TypeSource(type_name=name, encoding=path.suffix[1:], raw_file_contents=path.read_text(encoding="utf-8"))
