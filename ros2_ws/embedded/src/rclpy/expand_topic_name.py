from embedded_ros import names


def expand_topic_name(topic_name: str, node_name: str, node_namespace: str) -> str:
    """Fully qualified name of a topic as a node writes it; raises ValueError."""
    for what, name, fault in (
        ("topic name", topic_name, names.topic_name_fault(topic_name)),
        ("node name", node_name, names.node_name_fault(node_name)),
        ("node namespace", node_namespace, names.namespace_fault(node_namespace)),
    ):
        if fault:
            raise ValueError(f"{what} '{name}' is invalid: {fault[0]}")
    return names.expand(topic_name, node_name, node_namespace)
