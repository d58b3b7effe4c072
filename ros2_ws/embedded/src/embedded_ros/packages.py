"""Finds ROS packages: installed ones under AMENT_PREFIX_PATH, and sources in folders that are declared.

A folder of sources holds packages (folders with a package.xml) side by side. EMBEDDED_ROS_PACKAGES names such folders,
and an installed distribution declares one with an entry point: a function that returns it, without arguments.
"""

import configparser
import os
import threading
from dataclasses import dataclass
from pathlib import Path

SOURCES_VARIABLE = "EMBEDDED_ROS_PACKAGES"
ENTRY_POINTS = "embedded_ros.packages"
_lock = threading.RLock()
_from_distributions: list[Path] | None = None


class PackageNotFoundError(KeyError):
    """No such package under AMENT_PREFIX_PATH or in a declared folder."""


@dataclass(frozen=True)
class Package:
    """A package; `share` holds its package.xml, launch files, configuration and interfaces."""

    name: str
    prefix: Path
    share: Path
    is_source: bool


def _folders(variable: str) -> list[Path]:
    return [Path(p) for p in os.environ.get(variable, "").split(os.pathsep) if p]


def prefixes() -> list[Path]:
    """Folders of AMENT_PREFIX_PATH, in order."""
    return _folders("AMENT_PREFIX_PATH")


def source_folders() -> list[Path]:
    """Folders with source packages: those of EMBEDDED_ROS_PACKAGES, then those of installed distributions."""
    return _folders(SOURCES_VARIABLE) + _declared_by_distributions()


def _declared_by_distributions() -> list[Path]:
    global _from_distributions  # noqa: PLW0603  # read once a process
    with _lock:
        if _from_distributions is None:
            _from_distributions = []  # what the imports below find, where they ask
            try:
                from importlib.metadata import entry_points

                _from_distributions = [Path(found.load()()) for found in entry_points(group=ENTRY_POINTS)]
            except BaseException:
                _from_distributions = None
                raise
    return _from_distributions


def packages() -> dict[str, Package]:
    """All packages by name; an installed one hides sources."""
    found: dict[str, Package] = {}
    for prefix in prefixes():
        index = prefix / "share" / "ament_index" / "resource_index" / "packages"
        for marker in sorted(index.iterdir()) if index.is_dir() else []:
            found.setdefault(marker.name, Package(marker.name, prefix, prefix / "share" / marker.name, False))
    for sources in source_folders():
        for manifest in sorted(sources.glob("*/package.xml")):
            folder = manifest.parent
            found.setdefault(folder.name, Package(folder.name, folder, folder, True))
    return found


def find(name: str) -> Package:
    """The package of that name; raises PackageNotFoundError."""
    for prefix in prefixes():
        if (prefix / "share" / "ament_index" / "resource_index" / "packages" / name).is_file():
            return Package(name, prefix, prefix / "share" / name, False)
    for folder in (sources / name for sources in source_folders()):
        if (folder / "package.xml").is_file():
            return Package(name, folder, folder, True)
    searched = [str(p) for p in [*prefixes(), *source_folders()]]
    raise PackageNotFoundError(f"package '{name}' not found, searching: {searched}")


def executables(package: str) -> dict[str, str]:
    """Executable name -> "module:function" of sources, or the absolute path of an installed file."""
    found = find(package)
    if not found.is_source:
        folder = found.prefix / "lib" / package
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return {f.name: str(f) for f in files if f.is_file() and os.access(f, os.X_OK)}
    config = configparser.ConfigParser(delimiters=("=",))
    config.read(found.share / "setup.cfg")
    scripts = config.get("options.entry_points", "console_scripts", fallback="")
    pairs = (line.split("=", 1) for line in scripts.splitlines() if "=" in line)
    return {name.strip(): target.strip() for name, target in pairs}
