"""A team of robots meets in an arena; any of them can be told, from here or at run time, to turn against the team."""

import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from mir2_core.disturbance import parse_disturbance
from mir2_core.driver import HARDWARE
from mir2_core.errors import UserError
from mir2_core.run import ARGUMENTS, Run, prepare
from mir2_swarm.domain import require_free_domain
from mir2_swarm.environment import check_environment
from mir2_swarm.supervision import Answer, Make, Supervisor

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

# Wall time to end by itself: a slow machine draws the picture of a run for long, and robots are to be told to stand.
END_S = {"monitor": 60, "driver": 15}
NAMES = {
    "simulator": "the simulator",
    "gate": "the gates' process",
    "emergency_stop": "the emergency-stop node",
    "monitor": "the monitor",
    "fault_injector": "the fault injector",
}


def given(context: LaunchContext) -> dict[str, str]:
    """The arguments; those typed after this file's own name include misspelt ones, which are then refused."""
    own = {name: context.launch_configurations[name] for name in ARGUMENTS}
    if Path(__file__).name not in {Path(word).name for word in sys.argv}:
        return own  # included by another file, to whose arguments we have nothing to say
    typed = (word.partition(":=") for word in context.argv)
    return {name: value for name, _, value in typed} | own


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes of one run; a mistake in the arguments is an error before anything starts."""
    check_environment()
    if namespace := context.launch_configurations.get("ros_namespace", "").strip("/"):  # of PushRosNamespace
        raise UserError(
            f"this launch file was included below the namespace '{namespace}', which would merge all robots into one; "
            "include it without, and give two teams on one network a ROS_DOMAIN_ID each"
        )
    run = Run.from_arguments(given(context))
    if not run.share_domain:
        require_free_domain()
    prepared = prepare(run, Path(get_package_share_directory("mir2_swarm")))
    robots = prepared.roster.names
    common = {"roster": str(prepared.roster_file), "mode": run.mode, "use_sim_time": run.mode == "lockstep"}

    def node(executable: str, *arguments: str, **parameters: str | float | bool | ParameterValue) -> Make:
        def make(on_exit: Answer) -> Node:
            return Node(
                package="mir2_swarm",
                executable=executable,
                arguments=list(arguments),
                parameters=[{**common, **parameters}],
                output="screen",
                on_exit=on_exit,
                sigterm_timeout=str(END_S.get(executable, 5)),
            )

        return make

    groups = [robots[k : k + run.robots_per_process] for k in range(0, len(robots), run.robots_per_process)]
    policies = {robot: f"the policy of {', '.join(group)}" for group in groups for robot in group}
    played: dict[str, str | float] = {"backend": run.backend, "seed": run.seed, "duration_s": run.duration_s}
    disturbance = ParameterValue(run.disturbance, value_type=str)  # braces and colons are not YAML here
    heard: dict[str, ParameterValue | int] = {"disturbance": disturbance, "seed": run.seed}
    simulator = node("simulator", **played, gui=run.gui, start_paused=True, disturbance=disturbance)
    output = str(prepared.folder)
    disturbed = not parse_disturbance(run.disturbance).off
    monitor = node("monitor", **played, output=output, bag=run.record, disturbed=disturbed)
    names = NAMES | {"simulator": NAMES["simulator"] + ", which was to open a window (gui:=false)," * run.gui}
    supervisor = Supervisor(prepared.folder)
    if run.backend == HARDWARE:
        bodies = [
            supervisor.succeeded(
                f"the driver of {robot}",
                "it is started again, and until then its robot stands",
                node("driver", robot, start_paused=True),
                node("driver", robot, resume=True),
            )
            for robot in robots
        ]
    else:
        bodies = [supervisor.needed(names["simulator"], simulator)]
    nodes: list[LaunchDescriptionEntity] = [
        supervisor.leave(),
        *bodies,
        supervisor.restarted(names["gate"], "every robot stands", node("gate", *robots, **heard)),
        *(
            supervisor.restarted(policies[group[0]], "the others go on without", node("policy", *group, **heard))
            for group in groups
        ),
        supervisor.restarted(names["emergency_stop"], "gates keep what they know", node("emergency_stop")),
        supervisor.awaited(names["monitor"], monitor),
    ]
    if prepared.plan.processes:
        events = [(event, policies.get(event.robot) or names[event.process]) for event in prepared.plan.processes]
        nodes.append(supervisor.play(events, run.mode))
    if prepared.roster.allow_fault_injection:
        fault = ParameterValue(prepared.fault, value_type=str)  # braces and colons are not YAML here
        injector = node("fault_injector", fault=fault, seed=run.seed)
        without_plan = node("fault_injector", seed=run.seed)
        then = "its faults are over, and it is started again without any"
        nodes.append(supervisor.succeeded(names["fault_injector"], then, injector, without_plan))
    if run.record:
        recorder = node("bag_recorder", output=output)
        nodes.append(supervisor.mourned("the bag recorder", "the run goes on without", recorder))
    return nodes


def generate_launch_description() -> LaunchDescription:
    """Arguments first, so that `--show-args` lists them."""
    arguments = [DeclareLaunchArgument(name, default_value="", description=text) for name, text in ARGUMENTS.items()]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
