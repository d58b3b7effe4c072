import threading
from collections.abc import Callable
from typing import Any

from embedded_ros.cdr import CdrError
from embedded_ros.session import ServiceEndpoint

from .callback_groups import ReentrantCallbackGroup
from .destroyable import Destroyable
from .event_handler import EventHandler, QoSMatchedInfo
from .exceptions import InvalidServiceNameException
from .qos import QoSProfile


class Service(Destroyable):
    """Made by `Node.create_service`."""

    def __init__(
        self, node: Any, srv_type: Any, srv_name: str, *, callback: Any, callback_group: Any, qos_profile: QoSProfile
    ) -> None:
        self.srv_type, self.srv_name = srv_type, srv_name  # the name as given
        self._full_name: str = node._final_name(srv_name, InvalidServiceNameException)
        self.callback, self.callback_group, self.qos_profile = callback, callback_group, qos_profile
        self._node = node
        self._endpoint = ServiceEndpoint(
            node.context.session, node._entities, self._full_name, srv_type, qos_profile, server=True
        )
        self.condition = self._endpoint.reader.condition
        self._known_clients: set[int] = set()
        self._unsent: list[tuple[int, bytes]] = []  # who asked and the response
        self._lock = threading.Lock()
        on_match = {("publication_matched", QoSMatchedInfo): lambda _: self._send_deliverable()}
        self.event_handlers = [EventHandler(self._endpoint.writer, ReentrantCallbackGroup(), on_match)]

    @property
    def service_name(self) -> str:
        self._check_usable()
        return self._full_name

    def take_job(self) -> Callable[[], Any] | None:
        try:
            taken = self._endpoint.take()
        except CdrError as error:
            self._node.get_logger().error(f"{self._full_name}: dropped what is no request: {error}")
            return None
        if taken is None:
            return None
        client, sequence, request, info = taken

        async def answer() -> None:
            response = self.callback(request, self.srv_type.Response())
            if hasattr(response, "__await__"):
                response = await response
            self._send(response, client, sequence, info)

        return answer

    def _send(self, response: Any, client: int, sequence: int, info: Any) -> None:
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(f"service {self._full_name}: expected {self.srv_type.Response}, got {type(response)}")
        with self._lock:
            self._unsent.append((info.publication_handle, self._endpoint.pack(client, sequence, response)))
        self._send_deliverable()

    def _send_deliverable(self) -> None:
        """Sends the responses whose clients' readers have been discovered, which the others wait for."""
        with self._lock:
            unsent, self._unsent = self._unsent, []
            for publication, response in unsent:
                if publication not in self._known_clients and not self._endpoint.knows_client(publication):
                    self._unsent.append((publication, response))
                    continue
                self._known_clients.add(publication)
                self._endpoint.writer.write_cdr(response)

    def configure_introspection(self, clock: Any, service_event_qos_profile: Any, introspection_state: Any) -> None:
        raise NotImplementedError("Service.configure_introspection")

    def _release(self) -> None:
        self._endpoint.destroy()
