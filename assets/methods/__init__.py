"""The statistics, pure: numbers in, numbers out. No Dagster, no files, no tables of the project."""
