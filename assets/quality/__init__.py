"""Make the tables about the quality of the data.

They compare each edition with the edition before, compare figures that should agree, count rows, and list the footnotes
for readers.
"""
