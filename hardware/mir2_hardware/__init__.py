"""Drivers for real robots, a folder for each kind, and emulators that speak the robots' protocols."""
