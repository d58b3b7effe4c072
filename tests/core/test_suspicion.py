from mir2_core.allies import Presence
from mir2_core.suspicion import Event, Opinion, Suspicion

NAMES = ["a", "b", "c", "d"]
NEVER_THERE = {"a": "2 of 2", "c": "1 of 1"}
HERE, GONE = Opinion(Presence.PRESENT, {}), Opinion(Presence.ABSENT, {})


def told(suspicion, listener, **opinions):
    return suspicion.hear(listener, opinions.items())


def test_most_of_the_others_decide_who_is_absent():
    suspicion = Suspicion(NAMES)
    for listener in "bcd":
        assert told(suspicion, listener, a=HERE) == []
    assert told(suspicion, "b", a=GONE) == []
    assert told(suspicion, "c", a=GONE) == [Event("robot_absent", "a", "for 2 of 3 robots")]
    assert told(suspicion, "d", a=GONE) == []
    assert suspicion.summary()["absent"] == ["a"]
    assert told(suspicion, "d", a=HERE) == []
    assert told(suspicion, "c", a=HERE) == [Event("robot_back", "a", "for 1 of 3 robots")]


def test_one_liar_declares_nobody_absent():
    suspicion = Suspicion(NAMES)
    for listener in "bcd":
        told(suspicion, listener, **{name: HERE for name in NAMES if name != listener})
    assert told(suspicion, "d", a=GONE, b=GONE, c=GONE) == []


def test_nobody_is_lost_who_was_not_there_yet():
    suspicion = Suspicion(NAMES)
    assert told(suspicion, "b", a=GONE, c=GONE, d=GONE) == []
    assert told(suspicion, "c", a=HERE) == []


def test_who_was_never_there_is_lost_once_everybody_has_had_time():
    suspicion = Suspicion(NAMES)
    assert told(suspicion, "b", a=GONE, c=GONE) == told(suspicion, "c", a=GONE, b=HERE) == []
    assert suspicion.summary()["absent"] == []
    assert suspicion.settle() == [Event("robot_absent", name, f"for {n} robots") for name, n in NEVER_THERE.items()]
    assert suspicion.settle() == []
    assert suspicion.summary()["absent"] == ["a", "c"]
    assert told(suspicion, "b", a=HERE) == [Event("robot_back", "a", "for 1 of 2 robots")]


def test_a_reason_for_which_reports_are_refused_is_an_event_once():
    suspicion = Suspicion(NAMES)
    bad = Opinion(Presence.PRESENT, {"non_finite": 3})
    assert told(suspicion, "b", a=bad) == [Event("reports_refused", "a", "non_finite")]
    assert told(suspicion, "c", a=bad) == []
    worse = Opinion(Presence.PRESENT, {"non_finite": 9, "outside": 1})
    assert told(suspicion, "b", a=worse) == [Event("reports_refused", "a", "outside")]
    assert suspicion.summary()["refused_reports"] == {"a": {"non_finite": 12, "outside": 1}}


def test_counters_that_begin_anew_lose_nothing():
    suspicion = Suspicion(NAMES)
    for count in (3, 5, 2, 4):  # the third is of a policy that was started again
        told(suspicion, "b", a=Opinion(Presence.PRESENT, {"stale": count}))
        suspicion.senses("b", {"d": count}, [])
    assert suspicion.summary()["refused_reports"] == {"a": {"stale": 9}}
    assert suspicion.summary()["contradicted"] == {"d": 9}


def test_what_senses_say_is_an_event_once_and_counted():
    suspicion = Suspicion(NAMES)
    assert suspicion.senses("b", {"a": 4, "d": 1}, ["ps1", "ps0"]) == [Event("sensors_silent", "b", "ps0, ps1")]
    assert suspicion.senses("c", {"a": 6, "stranger": 99}, []) == [
        Event("robot_contradicted", "a", "by the sensors of c")
    ]
    assert suspicion.senses("b", {"a": 5, "d": 9}, ["ps1"]) == [Event("sensors_back", "b", "ps0")]
    assert suspicion.summary()["contradicted"] == {"a": 11, "d": 9}
    assert suspicion.summary()["silent_sensors"] == {"b": {"ps0": 1, "ps1": 2}}
    assert suspicion.in_words() == [
        "a was 11 times not where it said, as others' sensors saw",
        "2 sensors of b were silent, in up to 2 decisions",
    ]
