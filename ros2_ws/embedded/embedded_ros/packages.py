"""Finds ROS packages under AMENT_PREFIX_PATH and in this source checkout."""

import configparser
import os
from dataclasses import dataclass
from pathlib import Path

SOURCE_FOLDER = Path(__file__).resolve().parents[2] / "src"


class PackageNotFoundError(KeyError):
    """No such package under AMENT_PREFIX_PATH or in the checkout."""


@dataclass(frozen=True)
class Package:
    """A package; `share` holds its package.xml, launch files, configuration and interfaces."""

    name: str
    prefix: Path
    share: Path
    is_source: bool


def prefixes() -> list[Path]:
    """Folders of AMENT_PREFIX_PATH, in order."""
    return [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]


def packages() -> dict[str, Package]:
    """All packages by name; an installed one hides the one in the checkout."""
    found: dict[str, Package] = {}
    for prefix in prefixes():
        index = prefix / "share" / "ament_index" / "resource_index" / "packages"
        for marker in sorted(index.iterdir()) if index.is_dir() else []:
            found.setdefault(marker.name, Package(marker.name, prefix, prefix / "share" / marker.name, False))
    for manifest in sorted(SOURCE_FOLDER.glob("*/package.xml")):
        folder = manifest.parent
        found.setdefault(folder.name, Package(folder.name, folder, folder, True))
    return found


def find(name: str) -> Package:
    """The package of that name; raises PackageNotFoundError."""
    for prefix in prefixes():
        if (prefix / "share" / "ament_index" / "resource_index" / "packages" / name).is_file():
            return Package(name, prefix, prefix / "share" / name, False)
    folder = SOURCE_FOLDER / name
    if (folder / "package.xml").is_file():
        return Package(name, folder, folder, True)
    searched = [str(p) for p in [*prefixes(), SOURCE_FOLDER]]
    raise PackageNotFoundError(f"package '{name}' not found, searching: {searched}")


def executables(package: str) -> dict[str, str]:
    """Executable name -> "module:function" in the checkout, or the absolute path of an installed file."""
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
