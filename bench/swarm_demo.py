"""What the demo costs: time to the first step, processor share, and reaction time from a state to its command.

Usage: python bench/swarm_demo.py [launch arguments …]
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
DURATION_S = 20


def cpu_s(root: int) -> dict[str, float]:
    """Processor seconds used so far by a process and its living descendants, by node."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    nodes: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        used[pid] = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
        named = re.search(r"mir2_swarm(?:\.entry:|/)(\w+)", command)
        nodes[pid] = named[1] if named else "launch"

    def descends(pid: int) -> bool:
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    total: defaultdict[str, float] = defaultdict(float)
    for pid, used_s in used.items():
        if descends(pid):
            total[nodes[pid]] += used_s
    return total


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
        marks: list[tuple[float, dict[str, float]]] = []  # one a second of the run
        for line in process.stdout:
            if "mean pair distance" in line:
                marks.append((time.monotonic(), cpu_s(process.pid)))
        if process.wait() != 0 or len(marks) < 2:
            sys.exit("error: the demo did not run; try: make demo")
        (first_s, first_cpu_s), (last_s, last_cpu_s) = marks[0], marks[-1]
        metrics = json.loads((output / "metrics.json").read_text())
    seconds = len(marks) - 1
    used_s = {node: last_cpu_s[node] - first_cpu_s.get(node, 0.0) for node in last_cpu_s}
    total_s = sum(used_s.values())
    share = total_s / (last_s - first_s)
    reaction_ms = [metrics[key] or 0.0 for key in ("reaction_ms_p50", "reaction_ms_p99")]
    print(f"launch arguments             {' '.join(arguments) or '(none)'}")
    print(f"first step after             {first_s - 1.0 - began_s:8.1f} s")
    print(f"processor share              {100 * share:8.0f} % of one core, all processes together")
    print(f"a second of the run takes    {1e3 * total_s / seconds:8.0f} ms of processor time, of which")
    for node in sorted(used_s, key=lambda node: -used_s[node]):
        print(f"  {node:<26} {1e3 * used_s[node] / seconds:8.0f} ms")
    print(f"state to command, p50 / p99  {reaction_ms[0]:8.1f} / {reaction_ms[1]:.1f} ms")
    print(f"reports missing              {metrics['missing_reports']:8d} of {2 * metrics['steps'] * metrics['robots']}")


if __name__ == "__main__":
    main()
