"""The project's statistics, as pure functions. They use no Dagster, no files and no tables of the project."""
