import warnings
from enum import Enum, IntEnum
from typing import Any, TypeVar

from cyclonedds.qos import Policy
from embedded_ros import dds

from .duration import Duration

_E = TypeVar("_E", bound="QoSPolicyEnum")
_D = Duration  # short for the defaults below: zero leaves a policy unspecified


class InvalidQoSProfileException(Exception):
    """A profile that contradicts itself."""

    def __init__(self, *args: Any) -> None:
        super().__init__("Invalid QoSProfile", *args)


class QoSPolicyEnum(IntEnum):
    """A policy whose values also have short names for command lines."""

    @classmethod
    def short_keys(cls) -> list[str]:
        return [name.lower() for name in cls.__members__ if not name.startswith("RMW")]

    @classmethod
    def get_from_short_key(cls, name: str) -> int:
        return cls[name.upper()].value

    @property
    def short_key(self) -> str:
        return self.name.lower()


class HistoryPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    KEEP_LAST = 1
    KEEP_ALL = 2
    UNKNOWN = 3


class ReliabilityPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    RELIABLE = 1
    BEST_EFFORT = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class DurabilityPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    TRANSIENT_LOCAL = 1
    VOLATILE = 2
    UNKNOWN = 3
    BEST_AVAILABLE = 4


class LivelinessPolicy(QoSPolicyEnum):
    SYSTEM_DEFAULT = 0
    AUTOMATIC = 1
    MANUAL_BY_TOPIC = 3
    UNKNOWN = 4
    BEST_AVAILABLE = 5


QoSHistoryPolicy, QoSReliabilityPolicy = HistoryPolicy, ReliabilityPolicy
QoSDurabilityPolicy, QoSLivelinessPolicy = DurabilityPolicy, LivelinessPolicy


class QoSPolicyKind(IntEnum):
    INVALID = 1 << 0
    DURABILITY = 1 << 1
    DEADLINE = 1 << 2
    LIVELINESS = 1 << 3
    RELIABILITY = 1 << 4
    HISTORY = 1 << 5
    LIFESPAN = 1 << 6
    DEPTH = 1 << 7
    LIVELINESS_LEASE_DURATION = 1 << 8
    AVOID_ROS_NAMESPACE_CONVENTIONS = 1 << 9


_DEFAULTS: dict[str, Any] = {
    "history": HistoryPolicy.KEEP_LAST,
    "depth": 10,
    "reliability": ReliabilityPolicy.RELIABLE,
    "durability": DurabilityPolicy.VOLATILE,
    "lifespan": _D(),
    "deadline": _D(),
    "liveliness": LivelinessPolicy.SYSTEM_DEFAULT,
    "liveliness_lease_duration": _D(),
    "avoid_ros_namespace_conventions": False,
}
_TYPES: dict[str, Any] = {
    "history": HistoryPolicy,
    "reliability": ReliabilityPolicy,
    "durability": DurabilityPolicy,
    "liveliness": LivelinessPolicy,
    "depth": int,
    "avoid_ros_namespace_conventions": bool,
}


class QoSProfile:
    """Quality of service; needs at least `history` or `depth`."""

    history: HistoryPolicy
    depth: int
    reliability: ReliabilityPolicy
    durability: DurabilityPolicy
    lifespan: Duration
    deadline: Duration
    liveliness: LivelinessPolicy
    liveliness_lease_duration: Duration
    avoid_ros_namespace_conventions: bool

    def __init__(self, **kwargs: Any) -> None:
        unknown = sorted(kwargs.keys() - _DEFAULTS.keys())
        assert not unknown, f"Invalid arguments passed to constructor: {unknown}"
        if "history" not in kwargs:
            if "depth" not in kwargs:
                raise InvalidQoSProfileException("History and/or depth settings are required.")
            kwargs["history"] = HistoryPolicy.KEEP_LAST
        if kwargs["history"] == HistoryPolicy.KEEP_LAST and "depth" not in kwargs:
            raise InvalidQoSProfileException("History set to KEEP_LAST without a depth setting.")
        for name, default in _DEFAULTS.items():
            setattr(self, name, kwargs.get(name, default))

    def __setattr__(self, name: str, value: Any) -> None:
        kind = _TYPES.get(name, Duration)
        if issubclass(kind, QoSPolicyEnum):
            assert isinstance(value, kind | int)
            value = kind(value)
        assert isinstance(value, kind)
        if name == "depth" and value == 0 and self.history == HistoryPolicy.KEEP_LAST:
            warnings.warn("A zero depth with KEEP_LAST doesn't make sense; no data could be stored.", stacklevel=3)
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QoSProfile) and all(getattr(self, n) == getattr(other, n) for n in _DEFAULTS)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in _DEFAULTS)})"

    def to_dds(self, user_data: bytes = b"") -> Any:
        """The same in DDS terms; unspecified policies take ROS 2's defaults."""
        return dds.make_qos(
            reliable=self.reliability != ReliabilityPolicy.BEST_EFFORT,
            transient_local=self.durability == DurabilityPolicy.TRANSIENT_LOCAL,
            depth=0 if self.history == HistoryPolicy.KEEP_ALL else self.depth or 1,
            deadline_ns=self.deadline.nanoseconds or dds.INFINITE_NS,
            lifespan_ns=self.lifespan.nanoseconds or dds.INFINITE_NS,
            manual_liveliness=self.liveliness == LivelinessPolicy.MANUAL_BY_TOPIC,
            lease_ns=self.liveliness_lease_duration.nanoseconds or dds.INFINITE_NS,
            user_data=user_data,
        )

    @classmethod
    def from_dds(cls, qos: Any) -> "QoSProfile":
        """What a discovered endpoint announces; history and depth are not announced by every DDS implementation."""
        found = {policy.__scope__: policy for policy in qos}

        def duration(scope: str, attribute: str) -> Duration:
            return Duration(nanoseconds=getattr(found.get(scope), attribute, dds.INFINITE_NS))

        reliable = found.get("Reliability") != Policy.Reliability.BestEffort
        volatile = found.get("Durability") in (None, Policy.Durability.Volatile)
        manual = isinstance(found.get("Liveliness"), Policy.Liveliness.ManualByTopic)
        depth = 0 if found.get("History") == Policy.History.KeepAll else getattr(found.get("History"), "depth", 10)
        return cls(
            history=HistoryPolicy.KEEP_LAST if depth else HistoryPolicy.KEEP_ALL,
            depth=depth,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.VOLATILE if volatile else DurabilityPolicy.TRANSIENT_LOCAL,
            lifespan=duration("Lifespan", "lifespan"),
            deadline=duration("Deadline", "deadline"),
            liveliness=LivelinessPolicy.MANUAL_BY_TOPIC if manual else LivelinessPolicy.AUTOMATIC,
            liveliness_lease_duration=duration("Liveliness", "lease_duration"),
        )


# A value that no one else uses: one nanosecond less than for ever.
DeadlineBestAvailable = LivelinessLeaseDurationeBestAvailable = Duration(nanoseconds=dds.INFINITE_NS - 1)  # sic

_BEST_EFFORT = ReliabilityPolicy.BEST_EFFORT
qos_profile_default = QoSProfile(depth=10)
qos_profile_unknown = QoSProfile(
    history=HistoryPolicy.UNKNOWN,
    depth=0,
    reliability=ReliabilityPolicy.UNKNOWN,
    durability=DurabilityPolicy.UNKNOWN,
    liveliness=LivelinessPolicy.UNKNOWN,
)
qos_profile_system_default = QoSProfile(
    history=HistoryPolicy.SYSTEM_DEFAULT,
    depth=0,
    reliability=ReliabilityPolicy.SYSTEM_DEFAULT,
    durability=DurabilityPolicy.SYSTEM_DEFAULT,
)
qos_profile_sensor_data = QoSProfile(depth=5, reliability=_BEST_EFFORT)
qos_profile_services_default = QoSProfile(depth=10)
qos_profile_parameters = QoSProfile(depth=1000)
qos_profile_parameter_events = QoSProfile(depth=1000)
qos_profile_rosout_default = QoSProfile(
    depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL, lifespan=Duration(seconds=10)
)
qos_profile_action_status_default = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
qos_profile_best_available = QoSProfile(
    depth=10,
    reliability=ReliabilityPolicy.BEST_AVAILABLE,
    durability=DurabilityPolicy.BEST_AVAILABLE,
    deadline=DeadlineBestAvailable,
    liveliness=LivelinessPolicy.BEST_AVAILABLE,
    liveliness_lease_duration=LivelinessLeaseDurationeBestAvailable,
)


class QoSPresetProfiles(Enum):
    UNKNOWN = qos_profile_unknown
    DEFAULT = qos_profile_default
    SYSTEM_DEFAULT = qos_profile_system_default
    SENSOR_DATA = qos_profile_sensor_data
    SERVICES_DEFAULT = qos_profile_services_default
    PARAMETERS = qos_profile_parameters
    PARAMETER_EVENTS = qos_profile_parameter_events
    ACTION_STATUS_DEFAULT = qos_profile_action_status_default
    BEST_AVAILABLE = qos_profile_best_available

    @classmethod
    def short_keys(cls) -> list[str]:
        return [name.lower() for name in cls.__members__]

    @classmethod
    def get_from_short_key(cls, name: str) -> QoSProfile:
        return cls[name.upper()].value


class QoSCompatibility(IntEnum):
    OK = 0
    WARNING = 1
    ERROR = 2


def qos_policy_name_from_kind(policy_kind: QoSPolicyKind | int) -> str:
    return QoSPolicyKind(policy_kind).name


def qos_check_compatible(publisher_qos: QoSProfile, subscription_qos: QoSProfile) -> tuple[QoSCompatibility, str]:
    """Whether a publisher and a subscription with these profiles would be matched, and why not or perhaps not."""
    from ._qos_matching import findings

    found = list(findings(publisher_qos, subscription_qos))
    errors = [text for level, text in found if level is QoSCompatibility.ERROR]
    if errors:
        return QoSCompatibility.ERROR, "".join(f"ERROR: {text};" for text in errors)
    return QoSCompatibility(bool(found)), "".join(f"WARNING: {text};" for _, text in found)
