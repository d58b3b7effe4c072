import pytest
from mir2_core.errors import UserError
from mir2_core.roster import Roster
from mir2_core.types import Command
from mir2_swarm.pace import PACES, Lockstep, Patience, RealTime

TEAM = {"arena": {"size_m": 2.0}, "policy": "p.onnx", "robots": [{"name": "a"}, {"name": "b"}]}
ROSTER = Roster.model_validate(TEAM)
COMMAND = Command(1.0, 0.1, 0.0)


def called(b, calls, count=1):
    b.spin_until(lambda: len(calls) >= count, "the callback")


def never(b, calls):
    for _ in range(10):
        b.executor.spin_once(timeout_sec=0.05)
    assert not calls


def test_real_time_acts_on_news_with_what_is_here_and_lockstep_when_everything_is(bench):
    node = bench().probe
    real, lock = (PACES[name](node, ROSTER) for name in ("realtime", "lockstep"))
    for stamps in ([], [None], [0.9], [1.0], [1.1, None]):
        assert real.due(1.0, stamps)
        assert not real.due(1.0, stamps, news=False)
        complete = stamps in ([], [1.0])
        assert lock.due(1.0, stamps) == lock.due(1.0, stamps, news=False) == complete
    assert (real.run_start_s, real.patient, real.notice_s) == (None, False, 0.0)
    assert (lock.run_start_s, lock.patient, lock.notice_s) == (0.0, True, pytest.approx(0.2))


def test_real_time_is_the_clock_and_lockstep_what_was_heard(bench):
    node = bench().probe
    real, lock = RealTime(node, ROSTER), Lockstep(node, ROSTER)
    now_s = node.get_clock().now().nanoseconds * 1e-9
    assert real.now_s([5.0]) >= now_s
    assert real.step_s(None) >= now_s
    assert (lock.now_s([]), lock.now_s([2.0, 3.0])) == (0.0, 3.0)
    assert (lock.step_s(None), lock.step_s(COMMAND)) == (None, 1.0)


def test_who_calls_back(bench):
    b = bench()
    timed, heard = [], []
    RealTime(b.probe, ROSTER).after_news(lambda: heard.append("real time"))
    Lockstep(b.probe, ROSTER).after_news(lambda: heard.append("lockstep"))
    assert heard == ["lockstep"]
    Lockstep(b.probe, ROSTER).every(0.05, lambda: timed.append("lockstep"))
    never(b, timed)
    RealTime(b.probe, ROSTER).every(0.05, lambda: timed.append("real time"))
    called(b, timed, 3)


def test_patience_ends_once_unless_it_is_stopped_or_endless(bench):
    b = bench()
    given_up = []
    stopped, endless = (Patience(b.probe, limit_s, lambda: given_up.append("no")) for limit_s in (0.1, float("inf")))
    for wait in (stopped, endless):
        wait.start()
        assert wait.waiting
    stopped.stop()
    never(b, given_up)
    assert endless.waiting
    wait = RealTime(b.probe, ROSTER).patience(0.1, lambda: given_up.append("yes"))
    wait.start()
    called(b, given_up)
    assert not wait.waiting
    given_up.clear()
    never(b, given_up)


def test_in_real_time_a_lease_is_as_young_as_its_newest_command(bench):
    lease = RealTime(bench().probe, ROSTER).lease(lambda: None)
    assert not lease.holds(1.0, None)
    assert lease.holds(1.3, COMMAND)
    assert not lease.holds(1.31, COMMAND)


def test_in_lockstep_a_lease_is_lost_after_one_wait_until_the_injector_is_heard_again(bench, monkeypatch):
    monkeypatch.setattr("mir2_swarm.pace.LEASE_S", 0.2)
    b = bench()
    given_up = []
    lease = Lockstep(b.probe, ROSTER).lease(lambda: given_up.append(True))
    lease.miss(1.0)
    lease.met()
    never(b, given_up)
    lease.miss(2.0)
    called(b, given_up)
    assert not lease.holds(2.0, None)
    assert not lease.holds(3.0, None)
    assert lease.holds(3.0, COMMAND)
    lease.miss(3.1)
    called(b, given_up, 2)
    assert not lease.holds(3.1, COMMAND)
    assert lease.holds(4.0, Command(4.0, 0.1, 0.0))


def test_lockstep_refuses_commands_without_stamps(bench):
    team = Roster.model_validate({**TEAM, "defaults": {"all": {"stamped_cmd_vel": False}}})
    with pytest.raises(UserError, match="robot 'a' has 'stamped_cmd_vel: false', but lockstep needs stamped commands"):
        Lockstep(bench().probe, team)
