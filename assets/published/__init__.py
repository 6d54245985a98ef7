"""The published file, and the pictures that are drawn from it alone."""
