"""What ought to agree, what ought to continue from year to year, and what readers of the figures should know."""
