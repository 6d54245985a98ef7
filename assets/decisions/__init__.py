"""The stewards' decisions: written, listed, and where each kind takes effect."""
