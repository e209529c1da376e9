"""What the command line, notebooks and tests call. Importing it is cheap; `run` opens the databases."""

from sweep.api.models import load_model
from sweep.api.report import RunReport
from sweep.api.run import check, load_config, run, run_sweep
from sweep.wiring import CheckedRun

__all__ = ["CheckedRun", "RunReport", "check", "load_config", "load_model", "run", "run_sweep"]
