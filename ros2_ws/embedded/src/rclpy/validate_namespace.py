from embedded_ros import names

from .exceptions import InvalidNamespaceException


def validate_namespace(namespace: str) -> bool:
    if fault := names.namespace_fault(namespace):
        raise InvalidNamespaceException(namespace, *fault)
    return True
