"""Registered models: who is in Production, who was, and how to change that."""

from functools import partial

import streamlit as st
from streamlit.column_config import Column, NumberColumn

from sweep.dashboard import elements, formats
from sweep.dashboard.deeds import Outcome, Watcher, clerk
from sweep.dashboard.language import Words
from sweep.dashboard.places import Places
from sweep.dashboard.plain import plain_label
from sweep.dashboard.screens import candidates
from sweep.dashboard.visit import Visit
from sweep.views.registry import ModelLine, VersionLine

LOOK_S = 1.0


def show(visit: Visit) -> None:
    """Draw the page.

    Args:
        visit: who looks at what.
    """
    words = visit.words
    elements.title(words("registry.title"), below=words("registry.below"))
    st.fragment(partial(_news, visit), run_every=LOOK_S if clerk().is_busy else None)()
    if not visit.source.knows_models:
        visit.source.look(wait=True)
    models = [model for model in visit.source.models if model.task in {visit.task, ""}]
    if not models:
        elements.note(words("empty.models", task=words(f"task.{visit.task}")))
    else:
        model = _choose(models, words)
        _champion(model, words)
        _versions(model, visit)
        _history(model, words)
        _roll_back(model, visit)
    candidates.show(visit, models)


def _news(visit: Visit) -> None:
    """What is being done, and what came of the last deed."""
    words, hand = visit.words, clerk()
    if hand.is_busy:
        st.session_state["deed-seen"] = True
        with st.status(words("deed.busy"), expanded=True):
            elements.sentence(hand.watcher.doing or words("deed.starting"))
        return
    if st.session_state.pop("deed-seen", False):
        visit.source.look(wait=True)
        st.rerun()
    if (outcome := hand.outcome) is None:
        return
    say = elements.success if outcome.kind in {"promoted", "rolled_back"} else elements.warning
    if outcome.kind in {"refused", "broken"}:
        say = elements.trouble
    say(words(f"deed.{outcome.kind}", **outcome.values))
    for note in outcome.notes:
        elements.warning(note)
    if st.button(words("deed.dismiss"), key="deed-dismiss"):
        hand.dismiss()
        st.rerun()


def _choose(models: list[ModelLine], words: Words) -> ModelLine:
    by_name = {model.name: model for model in models}
    if len(models) == 1:
        return models[0]
    name = st.selectbox(words("registry.model"), list(by_name), key="registry-model")
    return by_name[name]


def _champion(model: ModelLine, words: Words) -> None:
    elements.heading(words("registry.champion", model=model.name))
    champion = model.champion
    if champion is None:
        elements.warning(words("registry.nobody"))
        return
    since = model.history[0].entry.at if model.history else ""
    facts = [
        (words("registry.version"), champion.version),
        (formats.short_metric(champion.metric, model.task), formats.figure(champion.value)),
        (words("registry.since"), since[:16].replace("T", " ") or formats.NOTHING),
        (
            words("registry.from"),
            f"{champion.sweep} / {champion.trial}" if champion.sweep else formats.NOTHING,
        ),
    ]
    elements.cards(facts)
    evidence = model.history[0].entry.evidence if model.history else None
    if evidence is not None and evidence.why:
        elements.aside(words("registry.evidence", why=evidence.why))


def _versions(model: ModelLine, visit: Visit) -> None:
    words = visit.words
    elements.heading(words("registry.versions"), below=words("registry.versions_below"))
    columns: dict[str, object] = {
        "version": Column(words("column.version"), pinned=True, width="small"),
        "champion": Column(words("column.champion"), width=110),
        "value": NumberColumn(words("column.value"), format="%.4f", width="small"),
        "gain": NumberColumn(words("column.over_champion"), format="%+.4f", width=140),
        "sweep": Column(words("column.sweep"), width="medium"),
        "trial": Column(words("column.trial"), width="small"),
        "model": Column(words("column.model"), width="medium"),
        "size": Column(words("column.size"), width="small"),
        "digest": Column(words("column.digest"), width="small"),
    }
    rows = [_version(version, words) for version in model.versions]
    elements.table(rows, columns=columns, key=f"versions-{model.name}")


def _version(version: VersionLine, words: Words) -> dict[str, object]:
    return {
        "version": version.version,
        "champion": words("overview.is_champion") if version.is_champion else "",
        "value": version.value,
        "gain": None if version.is_champion else version.gain,
        "sweep": version.sweep,
        "trial": version.trial,
        "model": version.model,
        "size": version.image_size,
        "digest": version.digest[:12],
    }


def _history(model: ModelLine, words: Words) -> None:
    elements.heading(words("registry.history"), below=words("registry.history_below"))
    if not model.history:
        elements.note(words("registry.no_history"))
        return
    columns = {
        "version": Column(words("column.version"), pinned=True, width="small"),
        "deed": Column(words("column.deed"), width="small"),
        "since": Column(words("column.since"), width=140),
        "until": Column(words("column.until"), width=140),
        "by": Column(words("column.by"), width="small"),
        "why": Column(words("column.why"), width="large"),
    }
    rows = [
        {
            "version": reign.entry.version,
            "deed": words.known("deeds", reign.entry.deed.value.replace(" ", "_")),
            "since": reign.entry.at[:16].replace("T", " "),
            "until": (reign.until or "")[:16].replace("T", " ") or words("registry.still"),
            "by": reign.entry.by,
            "why": reign.entry.evidence.why if reign.entry.evidence else "",
        }
        for reign in model.history
    ]
    elements.table(rows, columns=columns, key=f"history-{model.name}")


def _roll_back(model: ModelLine, visit: Visit) -> None:
    words = visit.words
    with st.expander(words("rollback.title"), icon=":material/undo:"):
        elements.sentence(words("rollback.what", model=model.name))
        typed = st.text_input(
            plain_label(words("deed.type", name=model.name)), key=f"rollback-typed-{model.name}"
        )
        is_meant = typed.strip() == model.name
        if st.button(words("rollback.do"), key="rollback-do", disabled=not is_meant or clerk().is_busy):
            clerk().begin(partial(_rolled_back, model.name, visit.places))
            st.session_state["deed-seen"] = True
            st.rerun()


def _rolled_back(model: str, places: Places, watcher: Watcher) -> Outcome:
    from sweep.api.registry import roll_back

    watcher.phase(model)
    report = roll_back(model, home=places.home, tracking_uri=places.tracking_uri)
    champion = report.champion
    values = {"model": champion.name, "version": champion.version, "replaced": str(champion.replaced or "–")}
    return Outcome(kind="rolled_back", values=values, notes=report.skipped)
