"""What is measured, against a named yardstick in the same run. Not imported by the project."""
