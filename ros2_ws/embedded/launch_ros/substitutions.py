"""Substitutions that find packages."""

from __future__ import annotations

from dataclasses import dataclass

from embedded_ros import packages
from launch.utilities import perform_substitutions

from launch import LaunchContext, SomeSubstitutionsType, Substitution


@dataclass(eq=False)
class FindPackageShare(Substitution):
    """The folder of a package's launch files and configuration; PackageNotFoundError if there is no such package."""

    package: SomeSubstitutionsType

    def describe(self) -> str:
        return super().describe().replace("(", "(pkg=", 1)

    def perform(self, context: LaunchContext) -> str:
        return str(packages.find(perform_substitutions(context, self.package)).share)
