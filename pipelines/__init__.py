"""What runs and when: the one Definitions, the job, the schedule and the command line. No data logic."""
