from typing import Any

from .exceptions import InvalidHandle


class Handle:
    """Stands for what ROS 2 keeps in C: `with entity.handle:` raises InvalidHandle if the entity has been destroyed."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner

    def __enter__(self) -> "Handle":
        self._owner._check_usable()
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def destroy_when_not_in_use(self) -> None:
        self._owner.destroy()


class Destroyable:
    """Something that cannot be used any more once it has been destroyed."""

    _destroyed = False

    @property
    def handle(self) -> Handle:
        return Handle(self)

    def _check_usable(self) -> None:
        if self._destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")

    def destroy(self) -> None:
        if not self._destroyed:
            self._destroyed = True
            self._release()

    def _release(self) -> None:
        """Gives back what the middleware holds."""
