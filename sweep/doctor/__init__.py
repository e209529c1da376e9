"""The invariants of a home as a program: what must be true of every sweep and model, whatever happened."""

from sweep.doctor.finding import Finding
from sweep.doctor.home_checks import check_home
from sweep.doctor.model_checks import check_models
from sweep.doctor.sweep_checks import Start, SweepFacts, check_sweep

__all__ = ["Finding", "Start", "SweepFacts", "check_home", "check_models", "check_sweep"]
