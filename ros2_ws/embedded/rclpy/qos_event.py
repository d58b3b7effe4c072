from .event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks, UnsupportedEventTypeError

__all__ = ["PublisherEventCallbacks", "SubscriptionEventCallbacks", "UnsupportedEventTypeError"]
