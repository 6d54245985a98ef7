"""The published file and the pictures. The pictures are drawn only from the published file."""
