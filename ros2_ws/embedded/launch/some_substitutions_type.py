"""What an action accepts where a text may contain substitutions."""

from .substitution import SomeSubstitutionsType

__all__ = ["SomeSubstitutionsType"]
