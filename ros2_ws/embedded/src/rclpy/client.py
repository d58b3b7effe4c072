import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from embedded_ros.cdr import CdrError
from embedded_ros.session import ServiceEndpoint

from .destroyable import Destroyable
from .exceptions import InvalidServiceNameException, RCLError
from .qos import QoSProfile
from .task import Future

POLL_S = 0.01


class Client(Destroyable):
    """Made by `Node.create_client`."""

    def __init__(self, node: Any, srv_type: Any, srv_name: str, qos_profile: QoSProfile, callback_group: Any) -> None:
        self.srv_type, self.srv_name = srv_type, srv_name  # the name as given
        self._full_name: str = node._final_name(srv_name, InvalidServiceNameException)
        self.qos_profile, self.callback_group = qos_profile, callback_group
        self.context = node.context
        self._node = node
        self._endpoint = ServiceEndpoint(
            node.context.session, node._entities, self._full_name, srv_type, qos_profile, server=False
        )
        self.condition = self._endpoint.reader.condition
        self._number = secrets.randbits(64)
        self._sequence = 0
        self._pending: dict[int, Future] = {}
        self._lock = threading.Lock()

    @property
    def service_name(self) -> str:
        self._check_usable()
        return self._full_name

    def call(self, request: Any, timeout_sec: float | None = None) -> Any:
        """Waits for the response, which another thread's executor must receive; None after the timeout."""
        if not isinstance(request, self.srv_type.Request):
            raise TypeError()
        arrived = threading.Event()
        future = self.call_async(request)
        future.add_done_callback(lambda _: arrived.set())
        if not future.done() and not arrived.wait(timeout_sec):
            self.remove_pending_request(future)
            return None
        return future.result()

    def call_async(self, request: Any) -> Future:
        if not isinstance(request, self.srv_type.Request):
            raise TypeError()
        self._check_usable()
        if not self.context.ok():
            raise RCLError("Failed to send request: client's context is invalid")
        with self._lock:
            self._sequence += 1
            sequence = self._sequence
            future = Future()
            if self._node.executor is not None:
                future._set_executor(self._node.executor)
            self._pending[sequence] = future
        self._endpoint.writer.write_cdr(self._endpoint.pack(self._number, sequence, request))
        future.add_done_callback(self.remove_pending_request)
        return future

    def get_pending_request(self, sequence_number: int) -> Future:
        return self._pending[sequence_number]

    def remove_pending_request(self, future: Future) -> None:
        with self._lock:
            for sequence, pending in list(self._pending.items()):
                if pending is future:
                    del self._pending[sequence]

    def take_job(self) -> Callable[[], Any] | None:
        try:
            taken = self._endpoint.take()
        except CdrError as error:
            self._node.get_logger().error(f"{self._full_name}: dropped what is no response: {error}")
            return None
        if taken is None or taken[0] != self._number:
            return None
        with self._lock:
            future = self._pending.pop(taken[1], None)
        if future is None:
            return None
        return lambda: future.set_result(taken[2])

    def service_is_ready(self) -> bool:
        self._check_usable()
        if not self.context.ok():
            raise RCLError("failed to check service availability: rcl node's context is invalid")
        return self._endpoint.knows_server()

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        while not self.service_is_ready():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        return True

    def configure_introspection(self, clock: Any, service_event_qos_profile: Any, introspection_state: Any) -> None:
        raise NotImplementedError("Client.configure_introspection")

    def _release(self) -> None:
        self._endpoint.destroy()
