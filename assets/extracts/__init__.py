"""Delivered files: found, matched with a layout, read, typed, and either kept or rejected row by row."""
