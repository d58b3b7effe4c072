"""A team of robots meets in an arena; any of them can be told, from here or at run time, to turn against the team."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, Shutdown
from launch_ros.actions import Node
from mir2_swarm.run_setup import prepare_run

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

ARGUMENTS = [
    DeclareLaunchArgument("robots", default_value="", description="team size; empty: all robots of the roster"),
    DeclareLaunchArgument(
        "roster", default_value="", description="roster file (YAML): who takes part and where; empty: ten e-puck2"
    ),
    DeclareLaunchArgument(
        "policy",
        default_value="",
        description="a shipped policy's name, or the path of an .onnx bundle; empty: the roster's",
    ),
    DeclareLaunchArgument(
        "backend",
        default_value="pybullet",
        choices=["pybullet", "kinematic"],
        description="world: bodies and contacts at 240 Hz, or the points that the task assumes",
    ),
    DeclareLaunchArgument(
        "mode",
        default_value="realtime",
        choices=["realtime", "lockstep"],
        description="wall clock, or as fast as possible with every step waiting for every robot",
    ),
    DeclareLaunchArgument("duration", default_value="30", description="seconds until the run ends by itself"),
    DeclareLaunchArgument("seed", default_value="0", description="draws the start poses and the faults"),
    DeclareLaunchArgument(
        "fault",
        default_value="",
        description="kind@robot:start_s[:duration_s], such as random@robot_0:5; a comma between two",
    ),
    DeclareLaunchArgument(
        "output", default_value="", description="folder that the run is written to; empty: a new one below runs/"
    ),
    DeclareLaunchArgument(
        "robots_per_process", default_value="1", description="how many robots' policies share one process"
    ),
    DeclareLaunchArgument(
        "gui", default_value="false", choices=["true", "false"], description="show PyBullet's window"
    ),
]


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes of one run; a mistake in the arguments is an error before anything starts."""
    share = Path(get_package_share_directory("mir2_swarm"))
    run = prepare_run(dict(context.launch_configurations), share)
    common = {"roster": str(run.roster_file), "mode": run.mode, "use_sim_time": run.mode == "lockstep"}
    robots = run.roster.names

    def node(executable: str, *arguments: str, **parameters: str | float | bool) -> Node:
        ends_the_run = executable in ("simulator", "monitor")
        return Node(
            package="mir2_swarm",
            executable=executable,
            arguments=list(arguments),
            parameters=[{**common, **parameters}],
            output="screen",
            on_exit=Shutdown(reason="the run is over") if ends_the_run else None,
        )

    groups = [robots[k : k + run.robots_per_process] for k in range(0, len(robots), run.robots_per_process)]
    nodes: list[LaunchDescriptionEntity] = [
        node("simulator", backend=run.backend, seed=run.seed, gui=run.gui, start_paused=True),
        node("gate", *robots),
        *(node("policy", *group) for group in groups),
        node("emergency_stop"),
        node("monitor", backend=run.backend, seed=run.seed, duration_s=run.duration_s, output=str(run.output)),
    ]
    if run.roster.allow_fault_injection:
        nodes.append(node("fault_injector", fault=run.fault, seed=run.seed))
    return nodes


def generate_launch_description() -> LaunchDescription:
    """Arguments first, so that `--show-args` lists them."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
