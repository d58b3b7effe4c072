"""Where every program of this package begins: a Ctrl-C while it is still importing ends it without a traceback."""

import signal
from collections.abc import Callable
from importlib import import_module


def _program(module: str) -> Callable[[], None]:
    def run() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        import_module(f"mir2_swarm.{module}").main()

    return run


bag_recorder = _program("bag_recorder")
driver = _program("driver")
emergency_stop = _program("emergency_stop")
fault_injector = _program("fault_injector")
gate = _program("gate")
monitor = _program("monitor")
policy = _program("policy")
simulator = _program("simulator")
