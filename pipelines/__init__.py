"""What runs and when: Dagster's definitions, jobs, schedule, sensor and page, and the command line.

No data logic is here.
"""
