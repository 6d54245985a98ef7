"""The published file, and the pictures drawn from it. Nothing else feeds the pictures."""
