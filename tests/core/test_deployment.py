import pytest
from mir2_core.bundle import PolicyBundle
from mir2_core.deployment import Deployment, find_policy, resize
from mir2_core.errors import UserError
from mir2_core.roster import Roster


def roster(robots: int = 10, **changes) -> Roster:
    team = [{"name": f"robot_{k}"} for k in range(robots)]
    return Roster.model_validate({"arena": {"size_m": 2.0}, "policy": "p", "robots": team, **changes})


def test_a_fitting_policy_is_accepted(make_bundle):
    deployment = Deployment.check(roster(), PolicyBundle.load(make_bundle()))
    assert deployment.task.observe.size == 60


@pytest.mark.parametrize(
    ("team", "words"),
    [
        (roster(5), "task_parameters.robots is 10 in the policy but 5 here"),
        (roster(arena={"size_m": 3.0}), "task_parameters.arena_m is 2.0 in the policy but 3.0 here"),
        (roster(rate_hz=20.0), "control_rate_hz is 10.0 in the policy but 20.0 here"),
    ],
)
def test_a_policy_for_something_else_is_refused(make_bundle, team, words):
    with pytest.raises(UserError) as error:
        Deployment.check(team, PolicyBundle.load(make_bundle()))
    assert words in str(error.value)


def test_a_policy_for_another_robot_or_layout_is_refused(make_bundle):
    with pytest.raises(UserError, match="robot_kind is 'crazyflie'"):
        Deployment.check(roster(), PolicyBundle.load(make_bundle(robot_kind="crazyflie")))
    with pytest.raises(UserError, match="action_meaning is 'torque'"):
        Deployment.check(roster(), PolicyBundle.load(make_bundle(action_meaning="torque")))
    with pytest.raises(UserError, match=r"task_parameters.*robotz"):
        Deployment.check(roster(), PolicyBundle.load(make_bundle(task_parameters={"robotz": 10})))


def test_policies_are_found_by_name_or_path(make_bundle, tmp_path):
    path = make_bundle("good.onnx")
    assert find_policy("good", tmp_path, tmp_path) == path
    assert find_policy("good.onnx", tmp_path / "zoo", tmp_path) == path
    with pytest.raises(UserError, match="did you mean 'good'"):
        find_policy("god", tmp_path, tmp_path)


def test_resize():
    assert resize(roster(), 3).names == ["robot_0", "robot_1", "robot_2"]
    assert resize(roster(3), 5).names[-1] == "robot_4"
    with pytest.raises(UserError, match="robots is 1; allowed: 2 to 64"):
        resize(roster(), 1)
