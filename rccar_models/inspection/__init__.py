"""Looking at data before anything is trained on it: checks, statistics, previews, splits. No torch."""
