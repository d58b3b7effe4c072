"""Who may import whom, read off the source code."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROS = {
    "rclpy",
    "launch",
    "launch_ros",
    "ament_index_python",
    "mir2_interfaces",
    "geometry_msgs",
    "nav_msgs",
    "std_msgs",
}
SIMULATORS = {"pybullet", "gym_pybullet_drones"}
OURS = {"mir2_core", "mir2_sim", "mir2_policies", "mir2_hardware", "mir2_swarm", "embedded_ros"}

# folder -> what its modules must never import
WALLS = {
    "ros2_ws/src/mir2_core/mir2_core": ROS | SIMULATORS | {"torch"} | (OURS - {"mir2_core"}),
    "ros2_ws/src/mir2_swarm/mir2_swarm": SIMULATORS | {"torch", "mir2_policies", "embedded_ros"},
    "sim/mir2_sim": ROS | (OURS - {"mir2_core", "mir2_sim"}),
    "hardware/mir2_hardware": ROS | SIMULATORS | {"torch"} | (OURS - {"mir2_core", "mir2_hardware"}),
    "policies/mir2_policies": ROS | SIMULATORS | (OURS - {"mir2_core", "mir2_sim", "mir2_policies"}),
    "launch": SIMULATORS | {"torch", "mir2_policies", "mir2_sim", "embedded_ros", "rclpy"},
    "ros2_ws/embedded": SIMULATORS | {"torch"} | (OURS - {"embedded_ros"}) | {"mir2_interfaces"},
}
# Modules of mir2_swarm may import mir2_sim inside a function only.
LAZY_ONLY = {"ros2_ws/src/mir2_swarm/mir2_swarm": {"mir2_sim", "mir2_hardware"}}
# The wings of mir2_policies, each of which may import those after it.
WINGS = ("cli", "studies", "bundles", "attacks", "training", "evaluation", "learners")


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("folder", WALLS)
def test_no_module_looks_over_the_wall(folder):
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    found = {str(path.relative_to(ROOT)): sorted(imports(path) & WALLS[folder]) for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize("folder", LAZY_ONLY)
def test_simulators_and_drivers_are_imported_only_where_they_are_hosted(folder):
    for path in (ROOT / folder).rglob("*.py"):
        assert not imports(path, top_level_only=True) & LAZY_ONLY[folder], path


@pytest.mark.parametrize("wing", WINGS)
def test_wings_of_learning_import_downwards_only(wing):
    below = set(WINGS[WINGS.index(wing) :])
    modules = sorted((ROOT / "policies/mir2_policies" / wing).rglob("*.py"))
    assert modules
    found = {path.name: {name for name in imported_wings(path) if name not in below} for path in modules}
    assert {path: names for path, names in found.items() if names} == {}


def imported_wings(path):
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    modules = [f"{node.module}.{alias.name}" for node in nodes for alias in node.names]
    return {module.split(".")[1] for module in modules if module.startswith("mir2_policies.")}


def test_every_wing_has_its_place():
    folders = {path.name for path in (ROOT / "policies/mir2_policies").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set(WINGS)


def test_torch_stays_below_policies_and_the_batched_worlds():
    allowed = {"policies", "sim", "tests", "bench", "examples"}
    tracked = [path for path in ROOT.rglob("*.py") if ".venv" not in path.parts]
    users = {path.relative_to(ROOT) for path in tracked if "torch" in imports(path)}
    assert {str(path) for path in users if path.parts[0] not in allowed} == set()


def test_the_folder_of_launch_files_is_no_package():
    assert not (ROOT / "launch" / "__init__.py").exists()
