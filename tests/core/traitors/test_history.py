from dataclasses import replace

import pytest
from mir2_core.traitors.history import FaultHistory
from mir2_core.traitors.schedule import FaultSpec, parse_faults

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


def test_faults_as_they_were_can_be_planned_again():
    history = FaultHistory()
    flee = FaultSpec("flee", "robot_1", 11.0)
    offset = FaultSpec("offset", "robot_2", 12.3, 14.4, "{x_m: 0.5}", on_commands=False, on_reports=True)
    history.update(10.0, [flee, offset, FaultSpec("stop", "robot_0", 13.0, 15.0), FaultSpec("stop", "robot_0", 90.0)])
    history.update(12.5, [flee, offset])  # cleared before it began
    history.update(13.0, [replace(flee, end_s=13.2), offset])  # cleared, and about to end
    history.update(13.2, [offset])
    planned = [spec.text for spec in history.as_planned(10.0, 20.0)]
    assert planned == ["flee@robot_1:1:2.2", "offset:{x_m: 0.5}@robot_2:2.3:2.1"]
    again = parse_faults(",".join(planned), ["robot_1", "robot_2"])
    assert [spec.start_s for spec in again] == pytest.approx([1.0, 2.3])
    assert [spec.end_s for spec in again] == pytest.approx([3.2, 4.4])


def test_a_fault_of_before_the_run_counts_from_its_beginning():
    history = FaultHistory()
    history.update(5.0, [FaultSpec("stop", "robot_0", 5.0)])
    assert [spec.text for spec in history.as_planned(10.0, 20.0)] == ["stop@robot_0:0"]
    assert history.as_planned(10.0, 0.0) == []


def test_a_fault_ends_with_the_lease_of_an_injector_that_has_died():
    history = FaultHistory(lease_s=0.3)
    for k in range(20):
        history.update(5.0 + 0.1 * k, [STOP])
    assert history.traitors_at(7.1) == {"robot_0"}
    assert history.traitors_at(7.25) == set()
    history.update(7.8, [])  # of one that was started again
    assert history.traitors_at(7.1) == {"robot_0"}
    assert history.traitors_at(7.5) == set()


def test_a_clock_that_is_set_changes_nothing_of_what_was_when():
    history, flee = FaultHistory(lease_s=0.3), FaultSpec("flee", "robot_1", 6.0)
    history.update(6.0, [STOP, flee])
    history.update(6.2, [STOP])
    history.clock_set(-3600.0)
    history.update(-3593.7, [STOP.later(-3600.0 + 1e-3)])  # as the injector has measured it
    history.update(-3592.0, [])
    assert [spec.text.split(":")[0] for spec in history.as_planned(-3600.0, 20.0)] == ["stop@robot_0", "flee@robot_1"]
    assert [spec.end_s for spec in history.as_planned(-3600.0, 20.0)] == pytest.approx([6.6, 6.2], abs=2e-3)
