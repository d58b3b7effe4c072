"""Substitutions that find packages."""

from __future__ import annotations

from dataclasses import dataclass

from embedded_ros import packages
from launch.substitution import describe_substitutions, perform_substitutions
from launch.utilities import missing

from launch import LaunchContext, SomeSubstitutionsType, Substitution

__getattr__ = missing(__name__, "ExecutableInPackage FindPackage FindPackagePrefix Parameter")


@dataclass(eq=False)
class FindPackageShare(Substitution):
    """The folder of a package's launch files and configuration; PackageNotFoundError if there is no such package."""

    package: SomeSubstitutionsType

    def describe(self) -> str:
        return f"FindPackageShare(pkg={describe_substitutions(self.package)})"

    def perform(self, context: LaunchContext) -> str:
        return str(packages.find(perform_substitutions(context, self.package)).share)
