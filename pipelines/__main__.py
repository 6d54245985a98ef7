"""`python -m pipelines` is `tryghed`."""

from pipelines.cli import main

main()
