"""What a worker can be asked to do."""

import importlib
from collections.abc import Callable

from sweep.evaluation import EvaluateRequest, Evaluation
from sweep.records import EpochReport, Job, PackageRequest, PackageResult, TrialResult, Verdict
from sweep.workshop import evaluating, packaging, trial_runner


def warm_up(trainer: str) -> None:
    """Import what the first job will need, while the coordinator is still busy with other things.

    Args:
        trainer: "torch" imports the training code, anything else nothing.
    """
    if trainer == "torch":
        for module in ("rccar_models.training", "torchvision"):
            importlib.import_module(module)


def run_job(job: Job, report: Callable[[EpochReport], Verdict]) -> TrialResult | PackageResult | Evaluation:
    """Run one job; every failure becomes a result.

    Args:
        job: a trial to train, or a checkpoint to package or to evaluate.
        report: takes an epoch's metrics and answers with a verdict.

    Returns:
        How it ended.
    """
    if isinstance(job, PackageRequest):
        return packaging.package(job)
    if isinstance(job, EvaluateRequest):
        return evaluating.evaluate(job)
    return trial_runner.run(job, report)
