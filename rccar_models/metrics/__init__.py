"""Losses and metrics: plain names, agreeing with the reference libraries to 1e-4."""
