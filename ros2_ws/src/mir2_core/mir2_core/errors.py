"""Errors that a user can mend, and how commands and nodes show them."""

import difflib
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

EXIT_USER_ERROR = 2


class UserError(Exception):
    """A mistake in something the user supplied; the message names what, where, the allowed range and the way out."""


def nearest(word: str, valid: Iterable[str]) -> str:
    """The valid choices, and the one that `word` most resembles, as the tail of an error message."""
    choices = sorted(valid)
    close = difflib.get_close_matches(word, choices, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"valid: {', '.join(choices)}{hint}"


def exit_with(error: UserError) -> NoReturn:
    """Print the message as the last thing on the screen and leave with status 2."""
    sys.stdout.flush()
    print(f"error: {error}", file=sys.stderr)
    sys.exit(EXIT_USER_ERROR)


def user_errors(main: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a `main` so that a `UserError` ends the process with one line and no traceback."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return main(*args, **kwargs)
        except UserError as error:
            exit_with(error)

    return wrapped
