"""The published file and the pictures drawn from it."""
