"""Dividing frames into train, val and test so that what looks alike never straddles."""

from rccar_models.inspection.splitting.dividing import split_data
from rccar_models.inspection.splitting.plan import SplitPlan, SplitShares

__all__ = ["SplitPlan", "SplitShares", "split_data"]
