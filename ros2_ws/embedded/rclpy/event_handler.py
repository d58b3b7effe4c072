"""Callbacks for events of quality of service."""

from typing import Any


class UnsupportedEventTypeError(Exception):
    """The middleware does not report this kind of event."""


def _not_supported(name: str) -> type[Any]:
    def __init__(self: Any, **callbacks: Any) -> None:
        if any(callback is not None for key, callback in callbacks.items() if key != "use_default_callbacks"):
            raise NotImplementedError(f"rclpy.event_handler.{name} with callbacks")

    return type(name, (), {"__init__": __init__, "__doc__": "Accepted without callbacks only.", "__module__": __name__})


PublisherEventCallbacks = _not_supported("PublisherEventCallbacks")
SubscriptionEventCallbacks = _not_supported("SubscriptionEventCallbacks")
