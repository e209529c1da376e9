"""The texts of notes in optuna-dashboard: Markdown, in which what others wrote is escaped. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from sweep.evaluation import Evaluation
from sweep.records import TrialResult, TrialSpec
from sweep.summary import Summary, effective_params

# Its page renders HTML and formulas as well; a backslash makes any of these a plain letter.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#|~$&!])")
LONGEST = 1000


def plain(text: object) -> str:
    """Let a text stand in Markdown as it is.

    Args:
        text: any.

    Returns:
        One line without markup.
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split())[:LONGEST])


def trial_text(
    spec: TrialSpec, result: TrialResult, *, link: str = "", evaluation: Evaluation | None = None
) -> str:
    """Describe a trial.

    Args:
        spec: what it was to do.
        result: how it ended.
        link: address of its MLflow run, empty if it is not known.
        evaluation: what was found out about it, None if nothing was.

    Returns:
        Markdown.
    """
    metric = spec.objectives[0].metric
    value = "none" if result.value is None else f"{result.value:.6g}"
    lines = [
        ("state", result.status.value),
        (metric, value + (f" after epoch {result.best_epoch}" if result.best_epoch else "")),
    ]
    if evaluation is not None:
        lines += _evaluated(evaluation)
    if result.reason:
        lines.append(("reason", result.reason))
    parts = [f"### {plain(spec.run_name)}", _listed(lines)]
    if link:
        parts.append(_link("its run in MLflow", link))
    return "\n\n".join([*parts, "#### Parameters", _listed(effective_params(spec).items())])


def study_text(summary: Summary, *, model: str, link: str = "") -> str:
    """Describe a sweep.

    Args:
        summary: its numbers.
        model: where the best model is, or why it is nowhere.
        link: address of the sweep's run in MLflow, empty if it is not known.

    Returns:
        Markdown.
    """
    counts = ", ".join(f"{number} {status}" for status, number in summary.counts.items() if number)
    lines = [("trials", counts or "none ended"), ("ended", summary.why_ended)]
    if summary.best is not None:
        spec, result = summary.best
        lines.insert(0, ("best trial", f"{spec.run_name} (number {spec.number})"))
        lines.insert(1, (summary.metric, f"{result.value:.6g}"))
    if summary.gain is not None:
        lines.append(("gain over the default configuration", f"{summary.gain:+.4g}"))
    lines.append(("model", model))
    parts = [f"### Sweep {plain(summary.name)}", _listed(lines)]
    return "\n\n".join([*parts, _link("its run in MLflow", link)] if link else parts)


def run_link(tracking_uri: str, *, experiment_id: str, run_id: str | None, usual: str) -> str:
    """Address of a run's page.

    Args:
        tracking_uri: MLflow's server or store.
        experiment_id: of the run, empty if it is not known.
        run_id: of the run, None if it is not known.
        usual: where MLflow's page is opened for a store that is no server.

    Returns:
        The address without user and password; empty if the run is not known.
    """
    if not experiment_id or run_id is None:
        return ""
    server = re.sub(r"(?<=://).*@", "", tracking_uri) if tracking_uri.startswith("http") else usual
    return f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"


def _evaluated(evaluation: Evaluation) -> list[tuple[str, str]]:
    lines = []
    if evaluation.low is not None and evaluation.high is not None:
        share = f"{100 * evaluation.confidence:.0f} % interval"
        lines.append((share, f"{evaluation.low:.4f} to {evaluation.high:.4f}, {evaluation.n_images} frames"))
    if evaluation.latency_ms is not None:
        n_threads = evaluation.latency_threads
        threads = f"{n_threads} CPU thread{'s' if n_threads != 1 else ''}"
        lines.append(("one frame", f"{evaluation.latency_ms:.1f} ms on {threads}"))
    return lines


def _listed(lines: Iterable[tuple[str, object]]) -> str:
    return "\n".join(f"- **{plain(name)}**: {plain(value)}" for name, value in lines)


def _link(text: str, address: str) -> str:
    return f"[{text}]({quote(address, safe=':/#?&=%@,;+~')})"
