"""Makes message packages (std_msgs, one's own) importable; embedded_ros2.pth asks it for what nobody else has."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

KINDS = ("msg", "srv")


class MessageLoader:
    """Makes `<package>`, `<package>.msg` and `<package>.srv`, whose classes are made when they are first used."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its classes; raises ImportError where those of another ROS 2 are wanted."""
        from .messages import load, refuse_foreign_rclpy

        name = module.__name__
        package, _, kind = name.partition(".")
        refuse_foreign_rclpy(package)
        if kind:
            module.__getattr__ = lambda short: load(name, short)  # type: ignore[method-assign]


def find_spec(name: str) -> ModuleSpec | None:
    """Spec of a module, or None: no definitions, or those of a package that is installed and lacks this module."""
    package, _, kind = name.partition(".")
    parent = getattr(sys.modules.get(package), "__spec__", None)
    if kind and (kind not in KINDS or not isinstance(getattr(parent, "loader", None), MessageLoader)):
        return None
    from .definitions import interface_folders  # only now, because many programs ask in vain for an optional module

    if any(folder for one in ([kind] if kind else KINDS) for folder in interface_folders(package, one)):
        return ModuleSpec(name, MessageLoader(), is_package=True)  # type: ignore[arg-type]  # no importlib.abc.Loader
    return None
