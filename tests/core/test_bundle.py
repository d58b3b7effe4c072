import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mir2_core.bundle import METADATA_KEY, UNSEALED, PolicyBundle, seal
from mir2_core.errors import UserError
from onnx import numpy_helper


def test_acts_within_the_box(make_bundle):
    bundle = PolicyBundle.load(make_bundle())
    actions = bundle.act(np.random.default_rng(1).normal(size=(7, 60)))
    assert actions.shape == (7, 2)
    assert np.abs(actions).max() <= 1.0


def test_missing_and_empty_file(tmp_path):
    with pytest.raises(UserError, match=r"none\.onnx.*mir2 export"):
        PolicyBundle.load(tmp_path / "none.onnx")
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(UserError, match=r"empty\.onnx"):
        PolicyBundle.load(tmp_path / "empty.onnx")


def test_foreign_onnx_is_refused(make_bundle):
    path = make_bundle()
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(UserError, match="without MIR2 metadata"):
        PolicyBundle.load(path)


def reseal(path: Path, change) -> Path:
    """Alter a bundle so that its seal is right again."""
    model = onnx.load(path)
    entry = next(e for e in model.metadata_props if e.key == METADATA_KEY)
    document = {**json.loads(entry.value), "file_sha256": UNSEALED}
    change(model, document)
    entry.value = json.dumps(document)
    path.write_bytes(seal(model.SerializeToString()))
    return path


def test_weights_in_a_second_file_are_refused_as_what_they_are(make_bundle, tmp_path):
    apart = tmp_path / "apart.onnx"
    onnx.save(
        onnx.load(make_bundle()), apart, save_as_external_data=True, location="apart.data", size_threshold=0,
        convert_attribute=True,
    )  # fmt: skip
    with pytest.raises(UserError, match="weights lie in a second file"):
        PolicyBundle.load(apart)


def test_golden_vectors_catch_other_weights(make_bundle):
    def other_weights(model, _):
        weights = next(t for t in model.graph.initializer if t.name == "wheels")
        weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) * np.float32(0.9), "wheels"))

    with pytest.raises(UserError, match="golden vectors"):
        PolicyBundle.load(reseal(make_bundle(), other_weights))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("schema_version", 3, "schema_version"),
        ("control_rate_hz", -1, "control_rate_hz"),
        ("surprise", 1, "surprise"),
        ("observation_terms", [{"name": "d", "size": 3, "unit": "m", "scale": 1.0}], "observation_terms adds up to 3"),
    ],
)
def test_bad_metadata_is_named(make_bundle, field, value, words):
    with pytest.raises(UserError, match=words):
        PolicyBundle.load(reseal(make_bundle(), lambda _, document: document.update({field: value})))


def test_require_names_field_found_and_expected(make_bundle):
    bundle = PolicyBundle.load(make_bundle())
    bundle.require({"task": "rendezvous", "task_parameters.robots": 10})
    with pytest.raises(UserError, match=r"task_parameters\.robots is 10 in the policy but 5 here"):
        bundle.require({"task_parameters.robots": 5})


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_truncation_or_changed_byte_is_refused(make_bundle, tmp_path, data):
    whole = make_bundle().read_bytes()
    broken = tmp_path / "broken.onnx"
    if data.draw(st.booleans()):
        broken.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    else:
        at = data.draw(st.integers(0, len(whole) - 1))
        flip = data.draw(st.integers(1, 255))
        broken.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
    with pytest.raises(UserError, match=r"broken\.onnx"):
        PolicyBundle.load(broken)
