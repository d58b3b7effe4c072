"""Where packages are, with the names of the `ament_index_python` that comes with ROS 2."""

import re
from pathlib import Path

from embedded_ros import packages as _packages
from embedded_ros.packages import PackageNotFoundError

__all__ = [
    "PackageNotFoundError",
    "get_package_prefix",
    "get_package_share_directory",
    "get_package_share_path",
    "get_packages_with_prefixes",
]


def get_packages_with_prefixes() -> dict[str, str]:
    return {name: str(package.prefix) for name, package in _packages.packages().items()}


def _find(package_name: str) -> _packages.Package:
    if not re.fullmatch("[a-zA-Z0-9][a-zA-Z0-9_-]+", package_name):
        raise ValueError(f"'{package_name}' is not a valid package name")
    return _packages.find(package_name)


def get_package_prefix(package_name: str) -> str:
    return str(_find(package_name).prefix)


def get_package_share_directory(package_name: str, print_warning: bool = True) -> str:
    return str(_find(package_name).share)


def get_package_share_path(package_name: str, print_warning: bool = True) -> Path:
    return _find(package_name).share
