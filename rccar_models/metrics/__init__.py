"""Losses and metrics: plain names, agreeing with the reference libraries to 1e-4."""

METRICS_VERSION = 1
"""Raised whenever a metric gives another number for the same masks or boxes: older values do not compare."""
