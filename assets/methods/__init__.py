"""The statistics, as pure functions from numbers to numbers. They use no Dagster, no files and no tables of the project."""
