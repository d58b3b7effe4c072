"""Which code made a policy."""

import importlib.metadata
import subprocess
from pathlib import Path


def code_version() -> str:
    """The package's version, and the commit where the code is a git checkout."""
    version = importlib.metadata.version("mir2-swarm")
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return version
    commit = found.stdout.strip()
    return f"{version}+{commit}" if commit else version
