"""Descriptions of parameters, under their other name."""

from launch.utilities import missing

from .parameter_descriptions import Parameter, ParameterFile, ParameterValue

__all__ = ["Parameter", "ParameterFile", "ParameterValue"]
__getattr__ = missing(__name__, "ComposableNode ComposableLifecycleNode")
