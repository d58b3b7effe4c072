"""What an event handler may return or hold."""

from collections.abc import Iterable
from typing import Any

from .launch_description_entity import LaunchDescriptionEntity

SomeEntitiesType = LaunchDescriptionEntity | Iterable[LaunchDescriptionEntity]
SomeEntitiesType_types_tuple: tuple[Any, ...] = (LaunchDescriptionEntity, Iterable)
