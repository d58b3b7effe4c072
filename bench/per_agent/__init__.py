"""Rendezvous and MADDPG as one would write them robot by robot: the yardstick of the speed benchmarks."""
