"""Strict loading of YAML files into frozen pydantic models."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from mir2_core.errors import UserError, nearest

LONGEST_SHOWN = 60
LONGEST_MAPPING = 1000


class StrictModel(BaseModel):
    """A frozen configuration; unknown keys and numbers that are not finite are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_keys(cls, data: Any) -> Any:
        """Like `extra="forbid"`, but the message lists the keys that this very model has."""
        if isinstance(data, dict) and cls.model_config["extra"] == "forbid":
            for key in data:
                if key not in cls.model_fields:
                    details = {"key": key, "choices": nearest(str(key), cls.model_fields)}
                    raise PydanticCustomError("unknown_key", "unknown key '{key}'; {choices}", details)
        return data


def one_of(what: str, registry: Mapping[str, Any]) -> AfterValidator:
    """For a field that names something in a registry; others are refused, and the nearest name is given."""

    def check(name: str) -> str:
        if name not in registry:
            raise ValueError(f"unknown {what} '{name}'; {nearest(name, registry)}")
        return name

    return AfterValidator(check)


Model = TypeVar("Model", bound=BaseModel)


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML without silently overwritten keys."""


def _construct_unique(loader: _UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key '{key}' appears twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_unique)


def read_text(path: Path, what: str) -> str:
    """The file's text; a `UserError` names the file and what it should have been."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a text file; {what} was expected") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give the path of {what}") from None


def load_yaml(path: Path | str, model: type[Model], what: str) -> Model:
    """Read `path` into `model`; every mistake becomes a `UserError` with file, key, value and way out."""
    path = Path(path)
    try:
        data = yaml.load(read_text(path, what), Loader=_UniqueKeyLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise UserError(f"{path}{where}: {problem}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: holds no keys; {what} was expected")
    return parse(data, model, str(path))


def read_mapping(text: str, source: str) -> dict[str, Any]:
    """Keys and values of YAML such as `{x_m: 0.5}`; `source` stands for the file in the message."""
    try:
        data = yaml.load(text, Loader=_UniqueKeyLoader) if len(text) <= LONGEST_MAPPING else None
    except (yaml.YAMLError, ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise UserError(f"{source}: {text[:LONGEST_SHOWN]} is no YAML of keys and values, such as {{key: 0.5}}")
    return data


def parse(data: dict[str, Any], model: type[Model], source: str) -> Model:
    """Validate plain data; `source` stands for the file in the message."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        _raise_first(error, source)


def _raise_first(error: ValidationError, source: str) -> NoReturn:
    details = error.errors()
    first = details[0]
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    if first["type"] == "unknown_key":
        path = ".".join(str(part) for part in (*first["loc"], first["ctx"]["key"]))
        message = f"{source}: unknown key '{path}'; {first['ctx']['choices']}"
    elif first["type"] == "missing":
        message = f"{source}: key '{key}' is missing; {first['msg'].lower()}"
    else:
        text = first["msg"].removeprefix("Value error, ")
        where = f"key '{key}'{_shown(first['input'])}: " if key else ""
        message = f"{source}: {where}{text}"
    raise UserError(message + more) from None


def _shown(value: Any) -> str:
    """A value as part of a message; one that would fill the screen is left out, or cut."""
    if isinstance(value, dict | list):
        return ""
    text = repr(value)
    return f" is {text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + '…'}"
