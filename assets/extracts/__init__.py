"""Delivered files: find them, match each with a layout, read its rows, give the cells their types, and keep or reject each row.

`intake.py` stores all files of a run or none. `formats/` reads the files. `kept_rows.py` makes the tables of the kept rows.
"""
