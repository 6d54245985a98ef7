"""The statistics as pure functions: numbers in, numbers out. No Dagster, no files, no tables of the project."""
