"""What the demo costs: time to the first step, processor share, and reaction time from a state to its command.

Usage: python bench/swarm_demo.py [launch arguments …]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
DURATION_S = 20


def cpu_s(root: int) -> float:
    """Processor seconds used so far by a process and its living descendants."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def descends(pid: int) -> bool:
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    return sum(seconds for pid, seconds in used.items() if descends(pid))


def main() -> None:
    """Run the demo once and print one row."""
    arguments = sys.argv[1:]
    ros2 = Path(sys.executable).with_name("ros2")
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "run"
        command = [str(ros2), "launch", "mir2_swarm", "rendezvous.launch.py", f"duration:={DURATION_S}"]
        began_s = time.monotonic()
        process = subprocess.Popen([*command, f"output:={output}", *arguments], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        marks: list[tuple[float, float]] = []
        for line in process.stdout:
            if "mean pair distance" in line:
                marks.append((time.monotonic(), cpu_s(process.pid)))
        if process.wait() != 0 or len(marks) < 2:
            sys.exit("error: the demo did not run; try: make demo")
        (first_s, first_cpu_s), (last_s, last_cpu_s) = marks[0], marks[-1]
        metrics = json.loads((output / "metrics.json").read_text())
    share = (last_cpu_s - first_cpu_s) / (last_s - first_s)
    print(f"launch arguments             {' '.join(arguments) or '(none)'}")
    print(f"first step after             {first_s - 1.0 - began_s:8.1f} s")
    print(f"processor share              {100 * share:8.0f} % of one core, all processes together")
    print(f"state to command, p50 / p99  {metrics['reaction_ms_p50']:8.1f} / {metrics['reaction_ms_p99']:.1f} ms")
    print(f"reports missing              {metrics['missing_reports']:8d} of {2 * metrics['steps'] * metrics['robots']}")


if __name__ == "__main__":
    main()
