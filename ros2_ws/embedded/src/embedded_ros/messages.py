"""Message and service classes that look like those `rosidl_generator_py` generates."""

import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from .cdr import DTYPES, NUMERIC, TYPECODES
from .definitions import Field, UnknownTypeError, definition, type_names
from .fields import collection_check, default_factory, single_check, type_label

RUNTIME_FOLDER = Path(__file__).resolve().parents[1]


class MessageType(type):
    """Metaclass of message classes: constants and defaults are read-only."""

    _constants: dict[str, Any]

    def __setattr__(cls, name: str, value: Any) -> None:
        if name in cls._constants:
            raise AttributeError(f"constant {cls.__name__}.{name} cannot be set")
        super().__setattr__(name, value)


class Message(metaclass=MessageType):
    """Base of all message classes."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]
    TYPE_NAME: str
    _constants: dict[str, Any] = {}  # noqa: RUF012
    _fields_and_field_types: dict[str, str]
    _setters: tuple[tuple[Callable[..., None], Callable[[], Any]], ...]
    _converters: dict[str, Callable[[Any], Any]]
    _numeric_sequences: frozenset[str]
    NESTED: dict[str, "type[Message]"]  # field -> class, where the field holds messages

    def __init__(self, **kwargs: Any) -> None:
        for set_slot, default in self._setters:
            set_slot(self, default())
        if kwargs:
            kwargs.pop("check_fields", None)
            unknown = sorted(name for name in kwargs if name not in self._fields_and_field_types)
            if unknown:
                raise AssertionError(f"Invalid arguments passed to constructor: {', '.join(unknown)}")
            for name, value in kwargs.items():
                convert = self._converters.get(name)
                setattr(self, name, convert(value) if convert else value)

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        return dict(cls._fields_and_field_types)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={self._field_repr(name)}" for name in self._fields_and_field_types)
        return f"{type(self).__module__}.{type(self).__name__}({arguments})"

    def _field_repr(self, name: str) -> str:
        value = getattr(self, name)
        return repr(value.tolist()) if name in self._numeric_sequences else repr(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        return all(_equal(getattr(self, name), getattr(other, name)) for name in self._fields_and_field_types)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray):
        return bool(np.array_equal(left, right))
    return bool(left == right)


@cache
def message_class(name: str) -> type[Message]:
    """Class of package/msg/Name, package/srv/Name_Request or package/srv/Name_Response."""
    found = definition(name)
    package, kind, short = name.split("/")
    classes = {field.name: message_class(field.base) for field in found.fields if field.nested}
    constants = found.constants | {
        f"{field.name.upper()}__DEFAULT": field.default for field in found.fields if field.default is not None
    }
    body: dict[str, Any] = {
        **constants,
        "_constants": constants,
        "__slots__": tuple(f"_{field.name}" for field in found.fields),
        "__module__": f"{package}.{kind}",
        "TYPE_NAME": name,
        "NESTED": classes,
        "_fields_and_field_types": {field.name: type_label(field) for field in found.fields},
        "_numeric_sequences": frozenset(f.name for f in found.fields if f.kind == "sequence" and f.base in NUMERIC),
        "_converters": {f.name: _converter(f) for f in found.fields if f.kind and f.base in NUMERIC},
    }
    defaults = []
    for field in found.fields:
        nested = classes.get(field.name)
        check = (collection_check if field.kind else single_check)(field, nested)
        body[field.name] = property(attrgetter(f"_{field.name}"), _setter(f"_{field.name}", check))
        defaults.append(default_factory(field, nested))
    cls: Any = MessageType(short, (Message,), body)
    cls._setters = tuple((vars(cls)[f"_{f.name}"].__set__, d) for f, d in zip(found.fields, defaults, strict=True))
    return cls  # type: ignore[no-any-return]


def _setter(slot: str, check: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    def assign(self: Any, value: Any) -> None:
        setattr(self, slot, check(value))

    return assign


def _converter(field: Field) -> Callable[[Any], Any]:
    """What the constructor accepts beyond what assignment does: anything NumPy or array.array can turn into numbers."""
    if field.kind == "array":
        return lambda value: np.array(value, DTYPES[field.base])
    from array import array

    return lambda value: array(TYPECODES[field.base], value)


class ServiceType(type):
    """Metaclass that keeps service classes from being instantiated."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Service classes can not be instantiated")


@cache
def service_class(name: str) -> type[Any]:
    """Class of package/srv/Name with its Request and Response."""
    package, kind, short = name.split("/")
    body = {
        "Request": message_class(f"{name}_Request"),
        "Response": message_class(f"{name}_Response"),
        "TYPE_NAME": name,
        "__module__": f"{package}.{kind}",
    }
    return ServiceType(short, (), body)


def interface_class(name: str) -> type[Any]:
    """Class of package/msg/Name, package/srv/Name or one half of a service."""
    is_service = "/srv/" in name and not name.endswith(("_Request", "_Response"))
    return service_class(name) if is_service else message_class(name)


@cache
def refuse_foreign_rclpy(package: str) -> None:
    """Raise ImportError if `import rclpy` gives another than this runtime's."""
    rclpy = sys.modules.get("rclpy") or find_spec("rclpy")
    origin = getattr(rclpy, "__file__", None) or getattr(rclpy, "origin", None)
    if origin and RUNTIME_FOLDER not in Path(origin).resolve().parents:
        raise ImportError(
            f"{package} is not installed for the ROS 2 whose rclpy is {origin}: "
            f"install or build it (colcon build --packages-select {package}) and source its setup file"
        )


def load(module: str, name: str) -> type[Any]:
    """Class `name` of a module such as std_msgs.msg."""
    package, kind = module.split(".")
    if name == "__all__":
        return [full.rpartition("/")[2] for full in type_names(package) if f"/{kind}/" in full]  # type: ignore[return-value]
    if name.startswith("__"):
        raise AttributeError(f"module '{module}' has no attribute '{name}'")
    try:
        found = interface_class(f"{package}/{kind}/{name}")
    except UnknownTypeError:
        raise AttributeError(f"module '{module}' has no attribute '{name}'") from None
    setattr(sys.modules[module], name, found)
    return found
