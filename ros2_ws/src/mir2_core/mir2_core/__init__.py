"""The shared heart of MIR2 Swarm: tasks, bundles, robots, faults and the command gate, on NumPy alone."""
