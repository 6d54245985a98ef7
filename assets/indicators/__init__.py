"""The project's two central tables. One table has all figures, and the other table has all comparisons of figures.

Earlier steps of a run make the figures. Later steps read the two tables and compare no figures themselves.
"""
