"""Parameters that have no effect at run time cannot be set, and impossible ones are refused by name and range."""

import pytest
from mir2_core.errors import UserError
from mir2_swarm.emergency_stop import EmergencyStopNode
from mir2_swarm.fault_injector import FaultInjectorNode
from mir2_swarm.gate import GateNode
from mir2_swarm.monitor import MonitorNode
from mir2_swarm.policy import PolicyNode
from mir2_swarm.simulator import SimulatorNode
from rclpy.parameter import Parameter

NODES = {
    "gate": lambda: GateNode("robot_0"),
    "policy": lambda: PolicyNode("robot_0"),
    "simulator": SimulatorNode,
    "monitor": MonitorNode,
    "fault_injector": FaultInjectorNode,
    "emergency_stop": EmergencyStopNode,
}


@pytest.mark.parametrize(
    ("node", "name", "value", "words"),
    [
        ("simulator", "seed", "-1", "-1; allowed: a whole number from 0 to 2147483647"),
        ("simulator", "seed", "1.5", "1.5; allowed: a whole number"),
        ("simulator", "gui", "3", "3; allowed: true or false"),
        (
            "simulator",
            "backend",
            "bullet",
            "'bullet'; valid: gym_pybullet_drones, kinematic, pybullet; did you mean 'pybullet'?",
        ),
        ("monitor", "duration_s", ".nan", "nan; allowed: a number from 0 to 86400"),
        ("monitor", "duration_s", "ten", "'ten'; allowed: a number"),
        ("monitor", "output", "5", "5; give the folder"),
        ("fault_injector", "fault", "7", "7; give kind@robot:start_s"),
        ("policy", "mode", "banana", "'banana'; valid: lockstep, realtime"),
        ("gate", "roster", "5", "5; give the path of a roster file"),
    ],
)
def test_an_impossible_value_is_refused(bench, roster_file, tmp_path, node, name, value, words):
    given = {"roster": roster_file(), "output": tmp_path / "out", "backend": "kinematic", name: value}
    bench(**given)
    with pytest.raises(UserError) as error:
        NODES[node]()
    assert f"parameter '{name}' is {words}" in str(error.value)


@pytest.mark.parametrize("node", NODES)
def test_what_has_no_effect_at_run_time_is_read_only(bench, roster_file, tmp_path, node):
    b = bench(roster=roster_file(), output=tmp_path / "out", backend="kinematic", duration_s=3)
    made = b.add(NODES[node]())
    own = [name for name in ("roster", "mode", "seed", "duration_s", "backend", "fault") if made.has_parameter(name)]
    assert {"roster", "mode"} <= set(own)
    for name in own:
        (result,) = made.set_parameters([Parameter(name, value=made.get_parameter(name).value)])
        assert not result.successful
        assert "read-only" in result.reason
