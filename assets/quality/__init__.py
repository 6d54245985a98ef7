"""What should agree, continue and be known to readers."""
