"""What `sweep data ...` does, for the command line and notebooks: the workshop's functions, as they are."""

from sweep.workshop.data.caches import CacheEntry, caches
from sweep.workshop.data.check import DataCheck, DataFinding, RuleFindings, check_data
from sweep.workshop.data.convert import ConvertedData, convert_data
from sweep.workshop.data.preview import Preview, preview
from sweep.workshop.data.split import DividedData, split_data
from sweep.workshop.data.stats import (
    GONE_PX,
    TINY_PX,
    ClassStatistics,
    DataStatistics,
    ObjectStatistics,
    SplitStatistics,
    short_name,
    statistics,
)

__all__ = [
    "GONE_PX",
    "TINY_PX",
    "CacheEntry",
    "ClassStatistics",
    "ConvertedData",
    "DataCheck",
    "DataFinding",
    "DataStatistics",
    "DividedData",
    "ObjectStatistics",
    "Preview",
    "RuleFindings",
    "SplitStatistics",
    "caches",
    "check_data",
    "convert_data",
    "preview",
    "short_name",
    "split_data",
    "statistics",
]
