"""The loop of a sweep: hand out trials, judge their epochs, take in how they end, know when to stop."""
