"""Comparisons of many policies."""
