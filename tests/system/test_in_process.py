"""A run in this process is the run of the nodes in lockstep, to the last bit."""

import numpy as np
import pytest
from mir2_core.errors import UserError
from mir2_core.run import Run
from mir2_policies.evaluation.in_process import play_in_process
from mir2_policies.evaluation.ros import play_run

LIARS = "lie-circle@robot_0:0:2,flee@robot_0:1:2,delayed:{s: 0.2}@robot_1:1,flood@robot_2:0.5:1,silence@robot_2:2"
LINKS = "loss:{share: 0.5}@robot_1:0.5,latency:{s: 0.2, way: out}@robot_2:1:1.5,partition@robot_0:2:1"


@pytest.mark.parametrize(("fault", "disturbance"), [(LIARS, ""), (LINKS, "lab:{loss: 0.2, clock_offset_s: 0.05}")])
def test_a_team_with_bodies_and_faults_equals_its_nodes(make_bundle, tmp_path, fault, disturbance):
    run = Run(
        policy=str(make_bundle(robots=4)),
        robots=4,
        seed=6,
        mode="lockstep",
        duration_s=4.0,
        fault=fault,
        disturbance=disturbance,
        record=False,
        robots_per_process=4,
    )
    here, nodes = play_in_process(run, tmp_path / "here"), play_run(run, tmp_path / "nodes")
    assert nodes.status == 0, nodes.output
    for name in ("poses", "twists", "rewards", "compromised"):
        np.testing.assert_array_equal(getattr(here, name), getattr(nodes, name), err_msg=name)
    told = set(here.metrics) - {"mode", "faults"}
    assert {name: here.metrics[name] for name in told} == {name: nodes.metrics[name] for name in told}
    assert here.metrics["gate_interventions"]["robot_3"]
    assert here.metrics["missed_deadlines"] == 0
    assert (here.metrics["ally_age_ms_p99"] > 0.0) == (fault == LINKS or "silence" in fault)


def test_a_mistake_is_that_of_the_launch(make_bundle, tmp_path):
    run = Run(policy=str(make_bundle(robots=4)), robots=3, mode="lockstep")
    with pytest.raises(UserError, match=r"task_parameters\.robots"):
        play_in_process(run, tmp_path / "here")
    assert not (tmp_path / "here").exists()
