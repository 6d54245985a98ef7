"""Read the delivered files, and keep or reject each row.

The modules find the files, match each file with a layout, read the file's rows, and give the cells their types.
`intake.py` stores the files of a run. If one of the files is refused, it stores no files. `formats/` reads the files'
formats. `kept_rows.py` makes the tables of the kept rows.
"""
