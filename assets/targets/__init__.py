"""Baselines, verdicts and readings of each target."""
