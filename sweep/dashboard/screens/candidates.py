"""A trial that might come into Production: beside the champion, and through the gate."""

import os
from collections.abc import Sequence
from functools import partial

import streamlit as st
from streamlit.column_config import Column

from sweep.api.studies import lies_here
from sweep.dashboard import elements, formats
from sweep.dashboard.deeds import Outcome, Watcher, clerk
from sweep.dashboard.places import Places
from sweep.dashboard.plain import plain_label
from sweep.dashboard.visit import Visit, choose_sweep
from sweep.logged_run import LoggedRun
from sweep.views.best_epoch import checkpoint_scores, curves_of
from sweep.views.comparison import best_of
from sweep.views.naming import HEADLINE, in_order, is_maximised
from sweep.views.overview import SweepLine
from sweep.views.registry import ModelLine, VersionLine
from sweep.views.trials import TrialLine, trial_lines

MOST_OFFERED = 200


def show(visit: Visit, models: Sequence[ModelLine]) -> None:
    """Draw the part of the page.

    Args:
        visit: who looks at what.
        models: registered ones of the task.
    """
    words = visit.words
    elements.heading(words("promote.title"), below=words("promote.below"))
    line = choose_sweep(visit, key="candidate-sweep")
    if line is None:
        elements.note(words("empty.sweeps", task=words(f"task.{visit.task}")))
        return
    trials = _complete(visit, line)
    if not trials:
        elements.note(words("promote.no_trial"))
        return
    by_id = {one.run_id: one for one in trials}
    run_id = st.selectbox(
        words("promote.trial"),
        list(by_id),
        format_func=lambda run_id: f"{by_id[run_id].name} · {formats.figure(by_id[run_id].value)}",
        key=f"candidate-trial-{line.run_id}",
    )
    _beside(visit, line, by_id[run_id], _rival(line, models))
    if lies_here(line.name, uid=line.uid, home=visit.places.home):
        _promote(visit, line, by_id[run_id])
    else:
        elements.note(words("promote.elsewhere", sweep=line.name))


def _complete(visit: Visit, line: SweepLine) -> list[TrialLine]:
    lines = trial_lines(visit.source.runs.all(), line.run_id)
    complete = [one for one in lines if one.state == "complete" and one.value is not None]
    return sorted(complete, key=lambda one: one.value or 0.0, reverse=line.maximise)[:MOST_OFFERED]


def _rival(line: SweepLine, models: Sequence[ModelLine]) -> VersionLine | None:
    """The champion that it would replace: of the model that its sweep registers, if that is known."""
    named = line.model.rpartition("/")[0]
    own = [model for model in models if model.name == named] or [
        model for model in models if ("demo" in model.name) == (line.data == "demo")
    ]
    return own[0].champion if own else None


def _beside(visit: Visit, line: SweepLine, candidate: TrialLine, rival: VersionLine | None) -> None:
    words, run = visit.words, visit.source.runs.get(candidate.run_id)
    if run is None or rival is None:
        elements.note(words("promote.no_rival"))
        return
    if line.digest and rival.digest:
        is_same = line.digest == rival.digest
        elements.aside(words("promote.same_data" if is_same else "promote.other_data"))
    scores = _scores(visit, run, rival)
    rows = []
    for name in in_order(scores):
        ours, theirs = scores[name], rival.scores[name]
        wins = best_of((ours, theirs), maximise=is_maximised(name))
        shown = [
            ("★ " if best else "") + formats.figure(one)
            for best, one in zip(wins, (ours, theirs), strict=True)
        ]
        rows.append(
            {
                "metric": formats.short_metric(name, visit.task),
                "candidate": shown[0],
                "champion": shown[1],
                "difference": formats.gain(ours - theirs),
            }
        )
    columns = {
        "metric": Column(words("column.metric"), pinned=True),
        "candidate": Column(words("promote.candidate", name=candidate.name)),
        "champion": Column(words("promote.champion", version=rival.version)),
        "difference": Column(words("column.difference")),
    }
    elements.table(rows, columns=columns, key="candidate-beside")
    elements.aside(words("promote.noise"))


def _scores(visit: Visit, run: LoggedRun, rival: VersionLine) -> dict[str, float]:
    """The candidate's, of the epoch of its checkpoint, as are the champion's."""
    runs, names = visit.source.runs, [*rival.scores, HEADLINE[visit.task]]
    return checkpoint_scores(
        run,
        rival.scores,
        evaluation=runs.evaluation(run.run_id),
        curves=curves_of(run.run_id, runs.curves([run.run_id], names)),
    )


def _promote(visit: Visit, line: SweepLine, candidate: TrialLine) -> None:
    words = visit.words
    with st.expander(plain_label(words("promote.open", trial=candidate.name)), icon=":material/publish:"):
        elements.sentence(words("promote.what"))
        is_forced = st.checkbox(words("promote.force"), key=f"force-{candidate.run_id}")
        if is_forced:
            elements.warning(words("promote.force_warning"))
        typed = st.text_input(
            plain_label(words("deed.type", name=candidate.name)), key=f"promote-typed-{candidate.run_id}"
        )
        is_meant = typed.strip() == candidate.name
        if st.button(
            words("promote.do"), key="promote-do", type="primary", disabled=not is_meant or clerk().is_busy
        ):
            deed = partial(promoted, visit.places, line.name, candidate, is_forced)
            clerk().begin(deed)
            st.session_state["deed-seen"] = True
            st.rerun()


def promoted(places: Places, sweep: str, trial: TrialLine, is_forced: bool, watcher: Watcher) -> Outcome:
    """Put a trial through the gate.

    Args:
        places: where it is.
        sweep: its name.
        trial: the trial.
        is_forced: whether to go over the gate.
        watcher: told what is being done.

    Returns:
        What came of it.

    Raises:
        SweepError: it cannot be promoted.
    """
    from sweep.api.promoting import promote

    report = promote(
        sweep,
        watcher,
        environ=os.environ,
        trial=trial.name,
        trial_uid=trial.trial_uid,
        force=is_forced,
        home=places.home,
        tracking_uri=places.tracking_uri,
    )
    champion = report.found.champion
    values = {
        "model": champion.name,
        "version": champion.version,
        "replaced": str(champion.replaced or formats.NOTHING),
        "why": report.found.why,
    }
    kind = "promoted" if champion.promoted else "kept"
    return Outcome(kind=kind, values=values, notes=tuple(watcher.notes))
