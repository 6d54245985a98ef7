"""What runs and when: the one Definitions, jobs, schedule, sensor, Dagster's page and the command line. No data logic."""
