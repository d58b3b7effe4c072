"""What a run says at its end."""

from mir2_core.ending import in_words

FIGURES = {
    "robots": 10,
    "vote": 0,
    "steps": 100,
    "time_s": 10.0,
    "team_return": -12.345,
    "rendezvous_m": 0.308,
    "time_to_rendezvous_s": 9.1,
    "final_benign_max_distance_m": 0.25,
    "compromised": [],
    "faults": [],
    "missed_deadlines": 0,
    "gate_interventions": {"robot_0": {"neighbour": 50, "speed": 10}, "robot_1": {"neighbour": 50}},
}


def test_a_loyal_team_that_met():
    assert in_words(FIGURES) == [
        "All 10 robots met after 9.1 s; at the end the widest pair stands 0.25 m apart (0.31 m counts as met).",
        "Nobody was compromised.",
        "The gates changed commands: neighbour in 10 %, speed in 1 % of all robots' steps.",
        "Return of the team: -12.35 in 10 s.",
    ]


def test_a_team_with_traitors_that_did_not_meet():
    faults = ["offset:{x_m: 0.5}@robot_3:6.0:4.0", "flee@robot_3:7.0"]
    changes = {"compromised": ["robot_3"], "faults": faults, "time_to_rendezvous_s": None, "gate_interventions": {}}
    assert in_words(FIGURES | changes)[:4] == [
        "The 9 loyal robots have not met: at the end the widest pair stands 0.25 m apart (0.31 m counts as met).",
        "robot_3 was compromised from second 6 for 4 s: offset:{x_m: 0.5}.",
        "robot_3 was compromised from second 7 to the end: flee.",
        "The gates let every command through as it was.",
    ]


def test_a_team_that_voted():
    assert in_words(FIGURES | {"vote": 1})[1] == "The robots voted, to withstand 1 liar."
    assert in_words(FIGURES | {"vote": 2})[1] == "The robots voted, to withstand 2 liars."


def test_a_run_that_the_machine_could_not_follow():
    assert in_words(FIGURES | {"missed_deadlines": 50}) == in_words(FIGURES), "5 % are not worth a word"
    assert in_words(FIGURES | {"missed_deadlines": 250})[-1].startswith("25 % of all commands came later")


def test_a_run_in_which_nothing_happened():
    assert in_words({"steps": 0}) == ["Nothing was recorded."]


def test_a_team_of_which_one_is_left():
    alone = {"robots": 2, "compromised": ["robot_0"], "final_benign_max_distance_m": None}
    assert in_words(FIGURES | alone)[0] == "Too few robots were loyal for a meeting."
