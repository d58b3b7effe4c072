"""Some hundreds of calls, beside what a real ROS 2 Jazzy answered."""

import importlib
import json

import pytest
from rclpy.context import Context
from rclpy_calls import ARGUMENTS, CALLS, names, outcome


def test_calls_have_the_outcome_they_have_in_ros_2(ros_domain: int) -> None:
    context = Context()
    context.init(ARGUMENTS)
    found = names(context)
    recorded = json.loads(CALLS.read_text())
    assert len(recorded) > 200
    differences = {
        call: (outcome_here, wanted) for call, wanted in recorded if (outcome_here := outcome(call, found)) != wanted
    }
    found["node"].destroy_node()
    context.shutdown()
    assert differences == {}


@pytest.mark.parametrize(
    "module", ["action", "lifecycle", "parameter_event_handler", "service_introspection", "waitable"]
)
def test_modules_that_are_left_out_say_so(module: str) -> None:
    with pytest.raises(ImportError, match=f"rclpy.{module} is left out"):
        importlib.import_module(f"rclpy.{module}")
