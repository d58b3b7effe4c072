from mir2_core.traitors.history import FaultHistory
from mir2_core.traitors.schedule import FaultSpec

STOP = FaultSpec("stop", "robot_0", 5.0, 8.0)


def test_history_remembers_who_was_a_traitor():
    history = FaultHistory()
    history.update(0.0, [STOP, FaultSpec("flee", "robot_1", 6.0)])
    history.update(7.0, [STOP])
    history.update(9.0, [])
    assert history.traitors_at(4.9) == set()
    assert history.traitors_at(6.5) == {"robot_0", "robot_1"}
    assert history.traitors_at(7.5) == {"robot_0"}
    assert history.traitors_at(8.5) == set()
    assert history.active_at(6.5) == {("robot_0", "stop"), ("robot_1", "flee")}


def test_a_robot_may_have_a_fault_on_its_commands_and_one_on_its_reports():
    lie = FaultSpec("offset", "robot_0", 6.0, 9.0, "{x_m: 0.5}", on_commands=False, on_reports=True)
    history = FaultHistory()
    history.update(0.0, [STOP, lie])
    assert history.active_at(5.5) == {("robot_0", "stop")}
    assert history.active_at(7.0) == {("robot_0", "stop"), ("robot_0", "offset:{x_m: 0.5}")}
    assert history.traitors_at(8.5) == {"robot_0"}
    assert history.traitors_at(9.0) == set()


def test_a_robot_with_bad_links_has_a_fault_and_is_no_traitor():
    history = FaultHistory()
    history.update(0.0, [STOP, FaultSpec("loss", "robot_1", 6.0, on_commands=False, on_links=True)])
    assert history.active_at(7.0) == {("robot_0", "stop"), ("robot_1", "loss")}
    assert history.traitors_at(7.0) == {"robot_0"}


def test_a_fault_that_is_replaced_ends_then():
    history = FaultHistory()
    history.update(0.0, [STOP])
    history.update(6.0, [FaultSpec("flee", "robot_0", 7.0)])
    assert history.traitors_at(5.9) == {"robot_0"}
    assert history.traitors_at(6.5) == set()
    assert history.traitors_at(7.0) == {"robot_0"}
    assert history.active_at(7.0) == {("robot_0", "flee")}
