"""The best trials of a sweep looked at closely: figures and pictures, in their runs and in the sweep's own.

Only those whose checkpoints are kept. An evaluation that went wrong is a notice; one that was interrupted is
made up for when the sweep is resumed, and none is made twice.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from sweep.api.weights import best_weights
from sweep.errors import SweepError
from sweep.evaluation import CONFUSION, FILE, FOLDER, MONTAGE, EvaluateRequest, Evaluation
from sweep.orchestrator.stopping import StopRequest
from sweep.paths import write_text
from sweep.ports import Observer
from sweep.records import TrialResult, TrialSpec
from sweep.summary import Trials
from sweep.wiring import Desk

DOING = "evaluating the best trials"
DIGEST_CHARS = 12
HANDED_OVER = "handed_over"
"""Empty file beside an evaluation: figures and pictures are on their way to MLflow, whoever dies now."""


def evaluate_best(desk: Desk, kept: Trials, *, observer: Observer, stop: StopRequest) -> None:
    """Evaluate the trials whose checkpoints are kept, in the workers; a stop request ends it.

    Args:
        desk: everything that is open.
        kept: those trials, the best first.
        observer: told how far it is, and what could not be evaluated.
        stop: whether somebody asked to end.
    """
    try:
        stop.heed()
        best = kept[0][0] if kept else None
        _make_up_for(desk, [spec for spec, _ in kept], best=best)
        todo = [pair for pair in kept if pair[1].checkpoint and evaluation_of(desk, pair[0]) is None]
        _evaluate(desk, todo, best=best, observer=observer)
    except KeyboardInterrupt:
        return  # the end of the sweep says why it was interrupted
    except SweepError as error:
        observer.notice(f"the best trials could not be evaluated: {error}")


def evaluation_of(desk: Desk, spec: TrialSpec) -> Evaluation | None:
    """Read what was found out about a trial, in this process or an earlier one.

    Args:
        desk: everything that is open.
        spec: the trial.

    Returns:
        Its evaluation on the data that the sweep has now, None if there is none.
    """
    try:
        return Evaluation.from_json((folder_of(desk, spec) / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return None


def folder_of(desk: Desk, spec: TrialSpec) -> Path:
    """Where a trial's evaluation lies until it is in MLflow; its file stays.

    Args:
        desk: everything that is open.
        spec: the trial.

    Returns:
        A folder of its own for each state of the data.
    """
    return desk.paths.evaluations / f"{spec.trial_uid}-{desk.plan.digest[:DIGEST_CHARS]}"


def tidy(desk: Desk) -> None:
    """Remove pictures that have arrived in MLflow; what was found out stays."""
    for folder in desk.paths.evaluations.glob("*"):
        shutil.rmtree(folder / "frames", ignore_errors=True)
        for name in (MONTAGE, CONFUSION):
            (folder / name).unlink(missing_ok=True)


def _make_up_for(desk: Desk, specs: Sequence[TrialSpec], *, best: TrialSpec | None) -> None:
    """Log what an earlier process found out and was killed before it had handed all of it over."""
    for spec in specs:
        found = evaluation_of(desk, spec)
        if found is not None and not (folder_of(desk, spec) / HANDED_OVER).exists():
            _log(desk, spec, found, is_best=spec is best)


def _evaluate(desk: Desk, todo: Trials, *, best: TrialSpec | None, observer: Observer) -> None:
    if not todo:
        return
    specs = {spec.trial_uid: spec for spec, _ in todo}
    n_done = 0
    observer.phase(DOING, n_done, len(specs))

    def told(evaluation: Evaluation) -> None:
        nonlocal n_done
        n_done += 1
        spec = specs[evaluation.trial_uid]
        if evaluation.reason:
            observer.notice(f"{spec.run_name} could not be evaluated: {evaluation.reason}")
        else:
            _log(desk, spec, evaluation, is_best=spec is best)
        observer.phase(DOING, n_done, len(specs))

    desk.errands.evaluate([_request(desk, spec, result) for spec, result in todo], told)


def _request(desk: Desk, spec: TrialSpec, result: TrialResult) -> EvaluateRequest:
    objective = desk.plan.objective
    return EvaluateRequest(
        trial_uid=spec.trial_uid,
        run_name=spec.run_name,
        checkpoint=str(best_weights(desk, spec, result)),
        data_ref=desk.plan.data_ref,
        folder=str(folder_of(desk, spec)),
        metric=objective.metric,
        maximise=objective.maximise,
        seed=spec.seed,
    )


def _log(desk: Desk, spec: TrialSpec, evaluation: Evaluation, *, is_best: bool) -> None:
    folder = folder_of(desk, spec)
    write_text(folder / FILE, evaluation.to_json())
    pictures = [(folder / name, FOLDER) for name in (MONTAGE, CONFUSION)]
    pictures += [(folder / frame.picture, f"{FOLDER}/frames") for frame in evaluation.frames]
    for run in (spec.trial_uid, None) if is_best else (spec.trial_uid,):
        for file, place in [*pictures, (folder / FILE, FOLDER)]:
            if file.is_file():
                desk.scribe.artifact(run, file, place)
    write_text(folder / HANDED_OVER, "")
