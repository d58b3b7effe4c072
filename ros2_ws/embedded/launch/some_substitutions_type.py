"""What may contain substitutions, where ROS 2 has it."""

from .substitution import SomeSubstitutionsType

__all__ = ["SomeSubstitutionsType"]
