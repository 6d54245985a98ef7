"""Read the delivered files, and keep or reject each row.

The modules find the files, match each file with a layout, read the rows, and convert the cells to the columns' types.
`intake.py` stores the files of a run: all of them, or none if one is refused. `formats/` reads the files' formats.
`kept_rows.py` makes the tables of the kept rows.
"""
