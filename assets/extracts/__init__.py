"""Delivered files: found, matched with a layout, read, typed, and each row either kept or rejected.

`intake.py` takes a run's files in, all or none; `formats/` reads them; `kept.py` makes the tables of the rows that count.
"""
