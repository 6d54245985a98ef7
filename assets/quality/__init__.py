"""Make the tables about the quality of the data.

These are comparisons of each edition with the edition before, comparisons of figures that should agree, row counts, and
footnotes for readers.
"""
