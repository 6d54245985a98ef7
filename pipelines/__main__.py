"""Run the command line: `python -m pipelines` does the same as `tryghed`."""

from pipelines.cli import main

main()
