import pytest
from mir2_core.digests import DIGESTS_FILE, note_digests, require_unaltered
from mir2_core.errors import UserError


@pytest.fixture
def folder(tmp_path):
    run, policy = tmp_path / "run", tmp_path / "policy.onnx"
    run.mkdir()
    policy.write_bytes(b"weights")
    (run / "roster.yaml").write_text("robots: []")
    note_digests(run, ["roster.yaml", policy])
    (run / "metrics.json").write_text("{}")
    note_digests(run, ["metrics.json"])
    return run


def test_what_is_as_it_was_is_taken(folder):
    require_unaltered(folder, ["roster.yaml", "metrics.json"])


@pytest.mark.parametrize("file", ["roster.yaml", "metrics.json", "../policy.onnx"])
def test_an_altered_or_missing_file_is_named(folder, file):
    name = file.removeprefix("../")
    (folder / file).write_text("something else")
    with pytest.raises(UserError, match=f"{name}: has been altered since the run"):
        require_unaltered(folder, [])
    (folder / file).unlink()
    with pytest.raises(UserError, match=f"{name}: cannot be read .No such file or directory., but the run needs it"):
        require_unaltered(folder, [])


def test_a_run_that_left_no_figures_is_refused(folder):
    with pytest.raises(UserError, match=r"trajectories\.npz: .* does not know it; did the run end before"):
        require_unaltered(folder, ["trajectories.npz"])


@pytest.mark.parametrize(
    ("text", "words"), [(None, "No such file"), ("[]", "not what a run writes"), ("{", "not what a run writes")]
)
def test_a_folder_that_is_no_run_is_refused(folder, text, words):
    path = folder / DIGESTS_FILE
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(UserError, match=words):
        require_unaltered(folder, [])
