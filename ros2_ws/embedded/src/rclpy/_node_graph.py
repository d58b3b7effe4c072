import time
from collections.abc import Callable
from typing import Any

from embedded_ros import names, wire
from embedded_ros.dds import Endpoint
from embedded_ros.graph import Graph, NodeEntities

from ._qos_matching import best_available, undecided
from .exceptions import NodeNameNonExistentError, RCLError
from .expand_topic_name import expand_topic_name
from .qos import QoSProfile
from .topic_endpoint_info import TopicEndpointInfo, TopicEndpointTypeEnum
from .type_hash import TypeHash
from .validate_full_topic_name import validate_full_topic_name

NamesAndTypes = list[tuple[str, list[str]]]


def _sorted(found: dict[str, set[str]]) -> NamesAndTypes:
    return [(name, sorted(types)) for name, types in sorted(found.items())]


class NodeGraph:
    """The part of Node that asks who else is there."""

    context: Any
    get_name: Callable[[], str]
    get_namespace: Callable[[], str]
    resolve_topic_name: Callable[[str], str]

    @property
    def _graph(self) -> Graph:
        if not self.context.ok():
            raise RCLError("rcl node's context is invalid")
        graph: Graph = self.context.session.graph
        return graph

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        return [(node.name, node.namespace) for node in self._graph.nodes()]

    def get_node_names(self) -> list[str]:
        return [node.name for node in self._graph.nodes()]

    def get_fully_qualified_node_names(self) -> list[str]:
        return [names.full_name(node.namespace, node.name) for node in self._graph.nodes()]

    def get_node_names_and_namespaces_with_enclaves(self) -> list[tuple[str, str, str]]:
        return [(node.name, node.namespace, "/") for node in self._graph.nodes()]

    def get_topic_names_and_types(self, no_demangle: bool = False) -> NamesAndTypes:
        return _sorted(self._graph.topics(no_demangle=no_demangle))

    def get_service_names_and_types(self) -> NamesAndTypes:
        return _sorted(self._graph.services())

    def _node_entities(self, name: str, namespace: str) -> NodeEntities:
        found = [n for n in self._graph.nodes() if (n.name, n.namespace) == (name, namespace)]
        if not found:
            raise NodeNameNonExistentError(f"Cannot get names and types for nonexistent node '{name}' in '{namespace}'")
        readers = [gid for node in found for gid in node.readers]
        writers = [gid for node in found for gid in node.writers]
        return NodeEntities(namespace, name, readers, writers)

    def _topics_of(self, gids: list[bytes], *, readers: bool, no_demangle: bool) -> NamesAndTypes:
        found: dict[str, set[str]] = {}
        for endpoint in self._graph.endpoints(readers=readers):
            if endpoint.gid in gids:
                topic = endpoint.topic if no_demangle else wire.ros_topic(endpoint.topic)
                kind = endpoint.type_name if no_demangle else wire.ros_type(endpoint.type_name)
                if topic:
                    found.setdefault(topic, set()).add(kind or endpoint.type_name)
        return _sorted(found)

    def get_publisher_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        gids = self._node_entities(node_name, node_namespace).writers
        return self._topics_of(gids, readers=False, no_demangle=no_demangle)

    def get_subscriber_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        gids = self._node_entities(node_name, node_namespace).readers
        return self._topics_of(gids, readers=True, no_demangle=no_demangle)

    def get_service_names_and_types_by_node(self, node_name: str, node_namespace: str) -> NamesAndTypes:
        return _sorted(self._graph.services(set(self._node_entities(node_name, node_namespace).readers)))

    def get_client_names_and_types_by_node(self, node_name: str, node_namespace: str) -> NamesAndTypes:
        gids = set(self._node_entities(node_name, node_namespace).writers)
        return _sorted(self._graph.services(gids, clients=True))

    def _endpoints_on(self, topic: str, *, readers: bool) -> list[Endpoint]:
        return [e for e in self._graph.endpoints(readers=readers) if e.topic == topic]

    def _expanded(self, name: str, *, is_service: bool = False) -> str:
        """Not remapped; raises ValueError, or as `validate_full_topic_name` does."""
        expanded = expand_topic_name(name, self.get_name(), self.get_namespace())
        validate_full_topic_name(expanded, is_service=is_service)
        return expanded

    def count_publishers(self, topic_name: str) -> int:
        return len(self._endpoints_on(wire.topic_name(self._expanded(topic_name)), readers=False))

    def count_subscribers(self, topic_name: str) -> int:
        return len(self._endpoints_on(wire.topic_name(self._expanded(topic_name)), readers=True))

    def count_clients(self, service_name: str) -> int:
        return len(self._endpoints_on(wire.request_name(self._expanded(service_name, is_service=True)), readers=False))

    def count_services(self, service_name: str) -> int:
        return len(self._endpoints_on(wire.request_name(self._expanded(service_name, is_service=True)), readers=True))

    def get_publishers_info_by_topic(self, topic_name: str, no_mangle: bool = False) -> list[TopicEndpointInfo]:
        return self._infos(topic_name, no_mangle, readers=False)

    def get_subscriptions_info_by_topic(self, topic_name: str, no_mangle: bool = False) -> list[TopicEndpointInfo]:
        return self._infos(topic_name, no_mangle, readers=True)

    def _infos(self, topic_name: str, no_mangle: bool, *, readers: bool) -> list[TopicEndpointInfo]:
        topic = topic_name if no_mangle else wire.topic_name(self.resolve_topic_name(self._expanded(topic_name)))
        owners = {gid: node for node in self._graph.nodes() for gid in (node.readers if readers else node.writers)}
        unknown = NodeEntities("_NODE_NAMESPACE_UNKNOWN_", "_NODE_NAME_UNKNOWN_")
        kinds = TopicEndpointTypeEnum
        return [
            TopicEndpointInfo(
                node_name=owners.get(endpoint.gid, unknown).name,
                node_namespace=owners.get(endpoint.gid, unknown).namespace,
                topic_type=(not no_mangle and wire.ros_type(endpoint.type_name)) or endpoint.type_name,
                topic_type_hash=TypeHash.from_text(endpoint.user_data.get("typehash", "")),
                endpoint_type=kinds.SUBSCRIPTION if readers else kinds.PUBLISHER,
                endpoint_gid=list(endpoint.gid),
                qos_profile=QoSProfile.from_dds(endpoint.qos),
            )
            for endpoint in self._endpoints_on(topic, readers=readers)
        ]

    def _fitting(self, profile: QoSProfile, topic: str, *, for_subscription: bool) -> QoSProfile:
        """The profile with values for what is BEST_AVAILABLE; `topic` is a final name."""
        if not undecided(profile):
            return profile
        endpoints = self._endpoints_on(wire.topic_name(topic), readers=not for_subscription)
        others = [QoSProfile.from_dds(endpoint.qos) for endpoint in endpoints]
        return best_available(profile, others, for_subscription=for_subscription)

    def wait_for_node(self, fully_qualified_node_name: str, timeout: float) -> bool:
        """Whether a node is there within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        name = f"/{fully_qualified_node_name.removeprefix('/')}"
        while name not in self.get_fully_qualified_node_names():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True
