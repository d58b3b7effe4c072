from hypothesis import given
from hypothesis import strategies as st
from mir2_core.stop_latch import StopLatch, StopReport


def test_a_stop_holds_until_it_is_released():
    latch = StopLatch()
    assert not latch.held
    latch.set()
    latch.hear(StopReport(held=False, releases=5))
    assert latch.held
    latch.release()
    assert not latch.held


def test_a_late_report_of_a_stop_that_is_over_sets_nothing():
    one, other = StopLatch(), StopLatch()
    one.set()
    late = one.report
    other.hear(late)
    for latch in (one, other):
        latch.release()
    other.hear(late)
    one.hear(other.report)
    assert not one.held
    assert not other.held


def test_a_latch_that_begins_anew_takes_over_a_stop_and_a_stop_after_a_release_counts():
    old, new = StopLatch(), StopLatch()
    for _ in range(3):
        old.set()
        old.release()
    old.set()
    new.hear(old.report)
    assert new.held
    new.release()
    new.hear(old.report)  # the release that `old` has not heard of
    assert not new.held
    new.set()
    old.release()
    old.hear(new.report)
    assert old.held


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["set", "release", "tell"]), st.integers(0, 2))))
def test_no_report_releases_and_everybody_released_and_told_is_free(history):
    latches = [StopLatch() for _ in range(3)]
    sent = []
    for who, what, whom in history:
        if what == "tell":
            held = latches[whom].held
            latches[whom].hear(latches[who].report)
            sent.append(latches[who].report)
            assert latches[whom].held or not held
        else:
            getattr(latches[who], what)()
            assert latches[who].held == (what == "set")
    for latch in latches:
        latch.set()
    for _ in range(2):  # hear of each other, then be released
        for latch in latches:
            for other in latches:
                latch.hear(other.report)
    reports = [*sent, *(latch.report for latch in latches)]
    for latch in latches:
        latch.release()
        for report in reports:
            latch.hear(report)
        assert not latch.held


def test_who_tells_of_a_million_releases_can_set_a_stop_but_neither_void_nor_break_one():
    latch = StopLatch()
    latch.hear(StopReport(False, 2**32 - 1))
    latch.hear(StopReport(True, 0))
    assert latch.held, "a stop from before the pretended releases still counts"
    latch.hear(StopReport(True, 2**32 - 1))
    latch.release()
    assert not latch.held
    assert latch.report.releases < 2**31
