"""`make bench`: how fast, as ratios to something known, measured side by side in one run."""
