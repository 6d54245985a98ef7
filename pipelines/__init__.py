"""Starts and schedules the work: Dagster's jobs, schedule, sensor and web page, and the command line.

This package has no data logic. The data logic is in `assets/`.
"""
