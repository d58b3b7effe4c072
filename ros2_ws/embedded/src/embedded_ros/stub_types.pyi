"""What the generated stubs of message packages refer to; exists for type checkers only."""

from typing import Generic, TypeVar, dataclass_transform

Kept = TypeVar("Kept")
Given_contra = TypeVar("Given_contra", contravariant=True)

class Converted(Generic[Kept, Given_contra]):
    """A field that is given as any iterable and kept as an array or list."""

    def __get__(self, instance: object, owner: type | None = ...) -> Kept: ...
    def __set__(self, instance: object, value: Given_contra) -> None: ...

@dataclass_transform(kw_only_default=True, eq_default=False)
class Message:
    TYPE_NAME: str
    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]: ...
