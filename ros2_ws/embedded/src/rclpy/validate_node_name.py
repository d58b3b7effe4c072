from embedded_ros import names

from .exceptions import InvalidNodeNameException


def validate_node_name(node_name: str) -> bool:
    if fault := names.node_name_fault(node_name):
        raise InvalidNodeNameException(node_name, *fault)
    return True
