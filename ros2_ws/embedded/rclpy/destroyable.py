from .exceptions import InvalidHandle


class Destroyable:
    """Something that cannot be used any more once it has been destroyed."""

    _destroyed = False

    def _check_usable(self) -> None:
        if self._destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")

    def destroy(self) -> None:
        if not self._destroyed:
            self._destroyed = True
            self._release()

    def _release(self) -> None:
        """Gives back what the middleware holds."""
