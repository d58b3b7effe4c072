from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import LoggerLevel, SetLoggerLevelsResult
from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels

from .logging import get_logger_level, set_logger_level

if TYPE_CHECKING:
    from .node import Node


class LoggingService:
    """Lets others read and set the levels of this process's loggers."""

    def __init__(self, node: "Node") -> None:
        node.create_service(GetLoggerLevels, f"{node.get_name()}/get_logger_levels", self._get)
        node.create_service(SetLoggerLevels, f"{node.get_name()}/set_logger_levels", self._set)

    def _get(self, request: Any, response: Any) -> Any:
        response.levels = [LoggerLevel(name=name, level=get_logger_level(name)) for name in request.names]
        return response

    def _set(self, request: Any, response: Any) -> Any:
        for wanted in request.levels:
            result = SetLoggerLevelsResult(successful=True)
            try:
                set_logger_level(wanted.name, wanted.level)
            except ValueError:
                result = SetLoggerLevelsResult(reason="Failed reason: Invalid logger level.")
            response.results.append(result)
        return response
