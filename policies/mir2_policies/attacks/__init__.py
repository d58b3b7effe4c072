"""Attacks on frozen policies."""
