"""Runs `module:function` as the installed console script would: entry_point.py NAME MODULE:FUNCTION ARGUMENTS…"""

import os
import sys
from importlib import import_module


def command(name: str, target: str) -> list[str]:
    """Return the start of the command line for an executable: an absolute path or 'module:function'."""
    return [target] if os.path.isabs(target) else [sys.executable, __file__, name, target]


def main() -> None:
    """Call the function with the rest of the command line as its own."""
    del sys.path[0]  # this file's folder, whose module names are not meant for others
    _, name, target, *arguments = sys.argv
    module, function = target.split(":")
    sys.argv = [name, *arguments]
    sys.exit(getattr(import_module(module), function)())


if __name__ == "__main__":
    main()
