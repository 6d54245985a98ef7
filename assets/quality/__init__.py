"""The quality of the data: figures that should agree with others or with the edition before, row counts, and footnotes."""
