"""Two of the cheapest harms with every `make test`; `make chaos` does them all, and looks at times."""

import pytest

from tests.chaos.judge import run
from tests.chaos.trial import Setting

SHORT = Setting(robots=3, backend="kinematic", duration_s=6.0)


@pytest.mark.parametrize("kind", ["monitor killed", "bytes that are no message, everywhere"])
def test_a_swarm_survives(kind, tmp_path):
    outcome = run(kind, 1, SHORT, tmp_path, timed=False)
    assert not outcome.mistakes, outcome
