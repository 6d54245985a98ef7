"""Every figure of every kind, and every comparison of two figures."""
