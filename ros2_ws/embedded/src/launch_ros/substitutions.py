"""Substitutions that find packages, and their programs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from shutil import which

from embedded_ros import packages
from launch.substitution import SomeSubstitutionsType, describe_substitutions, perform_substitutions
from launch.substitutions import SubstitutionFailure
from launch.utilities import missing, name_modules

from launch import LaunchContext, Substitution

__getattr__ = missing(__name__, "Parameter")


@dataclass(eq=False)
class FindPackage(Substitution):
    """Base of what is found by a package's name; PackageNotFoundError if there is no such package."""

    package: SomeSubstitutionsType

    def describe(self) -> str:
        return f"{type(self).__name__}(pkg={describe_substitutions(self.package)})"

    def find(self, package_name: str) -> str:
        raise NotImplementedError("FindPackage.find")

    def perform(self, context: LaunchContext) -> str:
        return self.find(perform_substitutions(context, self.package))


class FindPackagePrefix(FindPackage):
    """The folder that a package is installed in."""

    def find(self, package_name: str) -> str:
        return str(packages.find(package_name).prefix)


class FindPackageShare(FindPackage):
    """The folder of a package's launch files and configuration."""

    def find(self, package_name: str) -> str:
        return str(packages.find(package_name).share)


@dataclass(eq=False)
class ExecutableInPackage(Substitution):
    """The path of an installed program."""

    executable: SomeSubstitutionsType
    package: SomeSubstitutionsType

    def describe(self) -> str:
        return f"ExecInPkg(pkg={describe_substitutions(self.package)}, exec={describe_substitutions(self.executable)})"

    def perform(self, context: LaunchContext) -> str:
        package = perform_substitutions(context, self.package)
        executable = perform_substitutions(context, self.executable)
        prefix = packages.find(package).prefix
        folder = os.path.join(prefix, "lib", package)
        if not os.path.exists(folder):
            raise SubstitutionFailure(
                f"package '{package}' found at '{prefix}', but libexec directory '{folder}' does not exist"
            )
        path = which(executable, path=folder)
        if path is None:
            raise SubstitutionFailure(f"executable '{executable}' not found on the libexec directory '{folder}' ")
        return path


name_modules(__name__)
