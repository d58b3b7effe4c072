"""Descriptions of parameters, under their other name."""

from launch.utilities import missing

from .parameter_descriptions import ParameterFile, ParameterValue

__all__ = ["ParameterFile", "ParameterValue"]
__getattr__ = missing(__name__, "ComposableNode ComposableLifecycleNode Parameter")
