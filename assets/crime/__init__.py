"""Reports of crime: draws, counts, rates by crime type, and which counts are hidden."""
