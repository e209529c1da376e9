"""What optuna-dashboard shows beside the numbers: a note on each trial and on the study, and pictures."""

from pathlib import Path

from sweep import wiring
from sweep.api.best_model import BestModel
from sweep.api.evaluating import evaluation_of, folder_of
from sweep.errors import SweepError
from sweep.evaluation import CONFUSION, MONTAGE
from sweep.orchestrator.orchestrator import Outcome
from sweep.ports import Observer
from sweep.records import TrialResult, TrialSpec
from sweep.searching.note_text import run_link, study_text, trial_text
from sweep.searching.notes import TrialNote
from sweep.summary import Summary
from sweep.wiring import Desk

USUAL_MLFLOW = "http://127.0.0.1:5000"


def note_down(desk: Desk, outcome: Outcome, summary: Summary, best: BestModel, *, observer: Observer) -> None:
    """Write notes and pictures into the study; what goes wrong is a notice.

    Args:
        desk: everything that is open.
        outcome: how the trials ended.
        summary: the same in numbers.
        best: what became of the best model.
        observer: told what is being done.
    """
    observer.phase("writing notes for optuna-dashboard")
    try:
        desk.notes.write(
            [_note(desk, spec, result) for spec, result in outcome.trials],
            study=study_text(
                summary, model=_model(summary, best), link=_link(desk, desk.scribe.parent_run_id)
            ),
        )
    except KeyboardInterrupt:  # notes are made up for when the sweep goes on
        return
    except SweepError as error:
        observer.notice(f"optuna-dashboard lacks the notes of this sweep: {error}")


def _note(desk: Desk, spec: TrialSpec, result: TrialResult) -> TrialNote:
    evaluation = evaluation_of(desk, spec)
    return TrialNote(
        trial_uid=spec.trial_uid,
        text=trial_text(
            spec, result, link=_link(desk, desk.scribe.run_id(spec.trial_uid)), evaluation=evaluation
        ),
        pictures=() if evaluation is None else _pictures(folder_of(desk, spec)),
    )


def _pictures(folder: Path) -> tuple[Path, ...]:
    return tuple(file for name in (MONTAGE, CONFUSION) if (file := folder / name).is_file())


def _link(desk: Desk, run_id: str | None) -> str:
    address = wiring.addresses_of(desk.config, desk.home).tracking_uri
    return run_link(address, experiment_id=desk.scribe.experiment_id, run_id=run_id, usual=USUAL_MLFLOW)


def _model(summary: Summary, best: BestModel) -> str:
    if best.champion is not None:
        name = f"{best.champion.name} version {best.champion.version}"
        if best.champion.promoted:
            return f"{name}, in Production"
        return f"{name}, registered, not in Production: {best.kept}"
    weights = summary.best[1].checkpoint if summary.best else None
    return f"not registered: {best.kept}" + (f"; its weights: {weights}" if weights else "")
