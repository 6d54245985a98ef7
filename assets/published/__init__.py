"""The published file, and the pictures. The pictures are drawn from the published file and from nothing else."""
