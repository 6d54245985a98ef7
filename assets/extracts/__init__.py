"""Delivered files: find them, match each with a layout, read and type its rows, and keep or reject each row.

`intake.py` stores all files of a run or none; `formats/` reads them; `kept.py` makes the tables of the kept rows.
"""
