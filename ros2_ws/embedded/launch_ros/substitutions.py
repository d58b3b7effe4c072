"""Substitutions that find packages."""

from __future__ import annotations

import os

from embedded_ros import packages
from launch.substitutions import SubstitutionFailure
from launch.utilities import describe_substitutions, normalize_to_list_of_substitutions, perform_text

from launch import LaunchContext, SomeSubstitutionsType, Substitution


class FindPackage(Substitution):
    """Base of the substitutions that find a package; PackageNotFoundError if there is none."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self.package = normalize_to_list_of_substitutions(package)

    def describe(self) -> str:
        return f"{type(self).__name__}(pkg={describe_substitutions(self.package)})"

    def find(self, package_name: str) -> str:
        """Return the text for a package."""
        raise NotImplementedError(f"{type(self).__name__}.find")

    def perform(self, context: LaunchContext) -> str:
        return self.find(perform_text(context, self.package))


class FindPackagePrefix(FindPackage):
    """The folder a package is installed in."""

    def find(self, package_name: str) -> str:
        return str(packages.find(package_name).prefix)


class FindPackageShare(FindPackage):
    """The folder of a package's launch files and configuration."""

    def find(self, package_name: str) -> str:
        return str(packages.find(package_name).share)


class ExecutableInPackage(FindPackage):
    """The file of an executable in an installed package."""

    def __init__(self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType) -> None:
        super().__init__(package)
        self.executable = normalize_to_list_of_substitutions(executable)

    def describe(self) -> str:
        package, executable = map(describe_substitutions, (self.package, self.executable))
        return f"ExecInPkg(pkg={package}, exec={executable})"

    def perform(self, context: LaunchContext) -> str:
        package, executable = perform_text(context, self.package), perform_text(context, self.executable)
        target = find_executable(package, executable)
        if not os.path.isabs(target):
            raise SubstitutionFailure(
                f"executable '{executable}' of package '{package}' has no file of its own in a source checkout; "
                "start it with launch_ros.actions.Node"
            )
        return target


def find_executable(package: str, executable: str) -> str:
    """Return an installed file's path, or 'module:function' in a source checkout; raises SubstitutionFailure."""
    found = packages.executables(package)
    if executable not in found:
        raise SubstitutionFailure(
            f"executable '{executable}' not found in package '{package}', which has: {', '.join(found) or 'none'}"
        )
    return found[executable]
