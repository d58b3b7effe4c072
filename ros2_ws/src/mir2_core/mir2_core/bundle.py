"""The policy bundle: one ONNX file that carries everything needed to refuse a wrong deployment."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from mir2_core.config import StrictModel, parse
from mir2_core.errors import UserError
from mir2_core.tasks import Task, task_type
from mir2_core.tasks.geometry import Array
from mir2_core.vote import MOST_LIARS, voted

METADATA_KEY = "mir2"
UNSEALED = "0" * 64
GOLDEN_TOLERANCE = 1e-5


class ObservationTermInfo(StrictModel):
    """One block of the observation vector, in order."""

    name: str
    size: int = Field(gt=0)
    unit: str
    scale: float


class GoldenVectors(StrictModel):
    """Observations, of several team sizes if it is for any, with the actions that the exporter computed for them."""

    observations: list[list[float]] = Field(min_length=1)
    actions: list[list[float]] = Field(min_length=1)


class AdversaryInfo(StrictModel):
    """Whom an adversary was trained against, as whom, and what for."""

    victim: str
    victim_sha256: str
    threat: str
    lies: bool
    plausible: bool = False  # whether its lies keep to what its kind can do
    tracker: bool = False  # whether the victims judged reports as robots do
    robots: list[int] = Field(min_length=1)


class CertificateInfo(StrictModel):
    """How far the report of one ally can turn any number of an action, in a team of so many `robots`.

    Of the decisions of the benign robots in so many states of each condition, drawn from `seed`: `bound` is what was
    proved that no report exceeds, `attack` what one was found to do.
    """

    robots: int = Field(ge=2)
    traitors: Literal[1] = 1
    vote: int = Field(ge=0, le=MOST_LIARS)
    conditions: list[str] = Field(min_length=1)
    states: int = Field(ge=1)
    decisions: int = Field(ge=1)
    seed: int = Field(ge=0)
    bound_mean: float
    bound_largest: float
    attack_mean: float
    attack_largest: float


class BundleMetadata(StrictModel):
    """The JSON document stored in the ONNX file under the key `mir2`."""

    schema_version: Literal[1, 2] = 2
    task: str
    task_parameters: dict[str, Any]
    observation_terms: list[ObservationTermInfo]
    ally_terms: list[ObservationTermInfo] = Field(default_factory=list)  # follow for each ally; none: for one team size
    action_meaning: str
    robot_kind: str
    control_rate_hz: float = Field(gt=0)
    algorithm: str
    training_config: dict[str, Any]
    training_config_sha256: str
    seed: int
    code_version: str
    evaluation: dict[str, Any]
    golden: GoldenVectors
    vote: int = Field(default=0, ge=0, le=MOST_LIARS)  # liars that voting withstands; golden vectors are without it
    adversary: AdversaryInfo | None = None
    certificates: list[CertificateInfo] = Field(default_factory=list)  # at most one for each size, and for each vote
    file_sha256: str = UNSEALED

    @property
    def observation_sizes(self) -> tuple[int, int]:
        """How many numbers an observation begins with, and how many follow for each ally."""
        return sum(term.size for term in self.observation_terms), sum(term.size for term in self.ally_terms)

    def takes(self, width: int) -> bool:
        """Whether an observation of so many numbers is one for this policy."""
        own, ally = self.observation_sizes
        return width > own and (width - own) % ally == 0 if ally else width == own


def config_sha256(config: dict[str, Any]) -> str:
    """Hash of a training configuration, independent of key order."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def seal(model: bytes) -> bytes:
    """Write the file's own SHA-256 into its metadata, so that any later change of a byte is noticed.

    The digest is taken over the file with the unsealed digest (64 zeros) in its place.
    """
    if model.count(UNSEALED.encode()) != 1:
        raise ValueError("the model's metadata must hold exactly one unsealed file_sha256")
    return model.replace(UNSEALED.encode(), hashlib.sha256(model).hexdigest().encode())


class PolicyBundle:
    """A verified policy ready to act on one core."""

    def __init__(self, path: Path, metadata: BundleMetadata, session: Any) -> None:
        self.path = path
        self.metadata = metadata
        self._session = session

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read, check and self-test a bundle; anything wrong raises `UserError` naming what and the way out."""
        path = Path(path)
        model = _read(path)
        session = _session(path, model)
        metadata = _metadata(path, session)
        _check_seal(path, model, metadata)
        _check_signature(path, session, metadata)
        bundle = cls(path, metadata, session)
        bundle._check_kind()
        bundle._check_golden()
        return bundle

    def act(self, observation: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Actions (batch, A) in [-1, 1] for observations (batch, O) of teams of one size."""
        if not self.metadata.vote:
            return self._act_once(observation)
        actions: NDArray[np.float32] = voted(
            np, self._act_once, observation, self.metadata.observation_sizes, self.metadata.vote
        )
        return actions

    def _act_once(self, observation: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        inputs = {"observation": np.ascontiguousarray(observation, dtype=np.float32)}
        action: NDArray[np.float32] = self._session.run(["action"], inputs)[0]
        return action

    def task(self, xp: Any = np, asarray: Callable[[Any], Array] = np.asarray) -> Task:
        """The task that it was made for, on arrays of `xp`; `UserError` if that task or a parameter is unknown here."""
        kind = task_type(self.metadata.task)
        params = parse(self.metadata.task_parameters, kind.parameters, f"{self.path}, task_parameters")
        return kind.task(params, xp, asarray)

    def of_size(self, robots: int) -> Self:
        """The same policy, as one for a team of so many robots; `UserError` if it is for one size only."""
        made_for = self.task()
        if made_for.of_size(robots).observe.own_terms != made_for.observe.own_terms:
            self.require({"task_parameters.robots": robots})
        params = self.metadata.task_parameters | {"robots": robots}
        return type(self)(self.path, self.metadata.model_copy(update={"task_parameters": params}), self._session)

    def voting(self, liars: int) -> Self:
        """The same policy, voting so that it withstands so many liars; `UserError` if it is not for any team."""
        if not self.metadata.ally_terms:
            raise UserError(
                f"{self.path}: it cannot vote: it has inputs for one team size and needs every ally; give a policy for "
                "any team, or leave the vote out"
            )
        return type(self)(self.path, self.metadata.model_copy(update={"vote": liars}), self._session)

    def require(self, expected: dict[str, Any]) -> None:
        """Refuse a deployment that differs from what the policy was made for.

        `expected` maps dotted metadata fields, such as `task_parameters.robots`, to the deployment's values.
        """
        document = self.metadata.model_dump()
        for field, wanted in expected.items():
            found: Any = document
            for part in field.split("."):
                found = found.get(part) if isinstance(found, dict) else None
            if found != wanted:
                raise UserError(
                    f"{self.path}: this policy does not fit the deployment: {field} is {found!r} in the policy but "
                    f"{wanted!r} here; choose a policy made for {wanted!r}, or change the deployment to {found!r}"
                )

    def _check_kind(self) -> None:
        info = self.metadata.adversary
        if info is not None:
            raise UserError(
                f"{self.path}: field adversary is set: this is an adversary against '{info.victim}', not a policy; "
                "give a bundle written by 'mir2 export'"
            )

    def _check_golden(self) -> None:
        golden = self.metadata.golden
        expected = np.asarray(golden.actions, dtype=np.float32)
        actual = np.concatenate([self._act_once(np.array([row])) for row in golden.observations])
        if actual.shape != expected.shape:
            raise UserError(f"{self.path}: field golden.actions has shape {expected.shape}, found {actual.shape}")
        worst = float(np.max(np.abs(actual - expected)))
        if not worst <= GOLDEN_TOLERANCE:
            raise UserError(
                f"{self.path}: the network does not reproduce its golden vectors (largest error {worst:.3g}, "
                f"allowed {GOLDEN_TOLERANCE:g}): the file was altered; export the policy again"
            )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: policy file cannot be read ({error.strerror}); give the path of a bundle written by 'mir2 export'"
        ) from None


def _session(path: Path, model: bytes) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=False)
    except Exception as error:
        reason = str(error).splitlines()[0].split(" : ")[-1]
        if "model_path" in reason or "external data" in reason.lower():
            raise UserError(
                f"{path}: its weights lie in a second file, which a bundle may not have; save it as one file"
            ) from None
        raise UserError(
            f"{path}: not a readable ONNX file ({reason}): it is truncated or of another format; "
            "write it again with 'mir2 export'"
        ) from None


def _metadata(path: Path, session: Any) -> BundleMetadata:
    try:
        text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    except UnicodeDecodeError:
        raise UserError(f"{path}: the metadata is not text: the file was altered; export the policy again") from None
    if text is None:
        raise UserError(
            f"{path}: an ONNX file without MIR2 metadata, so nothing says what it was made for; "
            "write bundles with 'mir2 export'"
        )
    try:
        return BundleMetadata.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{path}: metadata field '{field}' is not valid ({first['msg']}): the file was altered or written by "
            "another version; export the policy again"
        ) from None


def _check_seal(path: Path, model: bytes, metadata: BundleMetadata) -> None:
    unsealed = model.replace(metadata.file_sha256.encode(), UNSEALED.encode())
    found = hashlib.sha256(unsealed).hexdigest()
    if found != metadata.file_sha256:
        raise UserError(
            f"{path}: field file_sha256 is {metadata.file_sha256[:12]}… but the file's content gives {found[:12]}…: "
            "the file was altered; export the policy again"
        )


def _check_signature(path: Path, session: Any, metadata: BundleMetadata) -> None:
    inputs = {value.name: value.shape for value in session.get_inputs()}
    outputs = {value.name for value in session.get_outputs()}
    if set(inputs) != {"observation"} or outputs != {"action"}:
        raise UserError(
            f"{path}: the network maps {sorted(inputs)} to {sorted(outputs)}; expected ['observation'] to ['action']"
        )
    width, (own, ally) = inputs["observation"][-1], metadata.observation_sizes
    declared = f"{own} and {ally} for each ally" if ally else f"{own}"
    if isinstance(width, int) == bool(ally) or (not ally and width != own):
        raise UserError(
            f"{path}: field observation_terms adds up to {declared} numbers but the network takes {width}: the "
            "file was altered; export the policy again"
        )
    if metadata.vote and not ally:
        raise UserError(f"{path}: field vote is {metadata.vote}, but the policy is not for any team; export it again")
    golden_widths = {len(row) for row in metadata.golden.observations}
    if not all(metadata.takes(found) for found in golden_widths):
        raise UserError(
            f"{path}: field golden.observations has rows of {sorted(golden_widths)} numbers, expected {declared}"
        )
