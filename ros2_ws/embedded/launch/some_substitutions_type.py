"""What an action accepts where a text may contain substitutions."""

import os
from collections.abc import Iterable
from typing import Any, Union

from .substitution import Substitution

SomeSubstitutionsType = Union[str, "os.PathLike[str]", Substitution, Iterable[str | Substitution]]
SomeSubstitutionsType_types_tuple: tuple[Any, ...] = (str, os.PathLike, Substitution, Iterable)
