"""Simulators: batched training worlds and robots with bodies in PyBullet."""
