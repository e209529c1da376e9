"""What to try next: go on, longer trials, a gentler pruner, more trials, or a narrower search space."""

import math
from collections.abc import Iterator, Mapping

from sweep.records import Status
from sweep.remedies import enough_s, next_step, shared_failure
from sweep.report.blocks import Block, Code, Paragraph, Section
from sweep.report.commands import resume_command, retry_command, run_command
from sweep.report.doubts import is_still_improving
from sweep.report.material import Material
from sweep.report.sparse import never_complete
from sweep.report.words import listed, number_of
from sweep.search_space import FEWEST

LONGER = 2
"""Times the epochs, where the best trial was still improving."""
FEWEST_MORE = 5
"""Trials of a sweep that goes on: fewer are hardly worth its start."""
GENTLER = {"median": "patient", "asha": "patient", "hyperband": "patient", "patient": "none"}


def where_next(material: Material) -> Section:
    """What to try next.

    Args:
        material: of the report.

    Returns:
        What this sweep says, each with its command.
    """
    blocks = [*_go_on(material), *_after_failures(material), *_otherwise(material), *_narrower(material)]
    return Section(key="next", title="What to try next", blocks=tuple(blocks))


def _go_on(material: Material) -> Iterator[Block]:
    if material.state not in {"stopped", "cut"} and not material.summary.ahead_told:
        return
    if material.state == "running":
        return
    ahead = material.summary.ahead_told
    text = f"{ahead}." if ahead else "The sweep did not come to its end."
    yield Paragraph(text=text, tone="note")
    yield Code(caption="Go on with it", text=resume_command(material), is_command=True)


def _after_failures(material: Material) -> Iterator[Block]:
    failed = material.summary.all_failed
    if not failed or material.state == "running":
        return
    kind = shared_failure(failed)
    if step := next_step(failed, retry=f"`{retry_command(material)}`"):
        text = f"All {number_of(len(failed), 'trial')} failed for one reason: {step}."
    else:
        text = "All trials failed, for several reasons (see Failures). Mend them, then run the trials again."
    yield Paragraph(text=text, tone="note")
    if kind == "trial_timeout":
        changes = {"trial_timeout": enough_s(failed)}
        command = run_command(material, changes=changes)
        yield Code(caption="A new sweep that gives its trials more time", text=command, is_command=True)
    else:
        command = retry_command(material)
        yield Code(caption="Run the failed trials again", text=command, is_command=True)


def _otherwise(material: Material) -> Iterator[Block]:
    """Longer trials and a gentler pruner: a new sweep, since both are fixed when a sweep begins."""
    if material.state == "running":
        return
    changes: dict[str, object] = {}
    best = material.summary.best
    if best is not None and is_still_improving(material):
        changes["epochs"] = LONGER * best[0].until_epoch
        yield Paragraph(
            text=f"The best trial was still improving in its last epoch: train longer, e.g. --epochs "
            f"{changes['epochs']}.",
            tone="note",
        )
    if gentler := _gentler(material):
        changes["pruner"] = gentler
        absent = never_complete(material)
        n_pruned = len(material.having(Status.PRUNED))
        why = (
            f"Nothing is known of {listed([str(one) for one in absent])}"
            if absent
            else f"{n_pruned} of {number_of(len(material.ended), 'trial')} were pruned"
        )
        yield Paragraph(text=f"{why}: prune later, with --pruner {gentler}.", tone="note")
    is_below = bool(material.next.yaml) and "pruner" not in changes  # with the narrower space
    if changes and not is_below:
        yield Code(caption=_caption(changes), text=run_command(material, changes=changes), is_command=True)


def _gentler(material: Material) -> str:
    """A pruner that cuts less; empty where that is not what is missing."""
    n_pruned = len(material.having(Status.PRUNED))
    if 2 * n_pruned <= len(material.ended) and not never_complete(material):
        return ""
    # What most pruners do well with many complete trials to compare with, they cannot do with few.
    is_fair = len(material.having(Status.COMPLETE)) >= FEWEST and not never_complete(material)
    return "" if is_fair else GENTLER.get(str(material.config.get("pruner")), "")


def _caption(changes: Mapping[str, object]) -> str:
    told = [f"{changes['epochs']} epochs"] if "epochs" in changes else []
    told += [f"the pruner {changes['pruner']}"] if "pruner" in changes else []
    return f"The same search space with {listed(told)}"


def _narrower(material: Material) -> Iterator[Block]:
    found = material.next
    if not found.yaml:
        tone = "note"
        yield Paragraph(text=f"There is no narrower search space: {found.narrowed.why_not}.", tone=tone)
        yield from _more_trials(material)
        return
    n_narrowed, n_varied = found.narrowed.counted
    others = "; the others are as before, but start from the best trial" if n_narrowed < n_varied else ""
    yield Paragraph(
        text="A search space narrowed to where the best trials lie; its first trial is the best one of this "
        f"sweep. {n_narrowed} of {number_of(n_varied, 'range')} {_were(n_narrowed)} narrowed{others}."
    )
    for name, text in found.narrowed.edges:
        yield Paragraph(text=f"{name}: {text}.", tone="note")
    yield Code(caption=f"The search space, also in {found.file}", text=found.yaml)
    command = run_command(material, space=found.file)
    yield Code(caption="Search it", text=command, is_command=True)
    if material.summary.best is not None and is_still_improving(material):
        changes = {"epochs": LONGER * material.summary.best[0].until_epoch}
        command = run_command(material, space=found.file, changes=changes)
        yield Code(caption="Or search it with longer trials", text=command, is_command=True)


def _more_trials(material: Material) -> Iterator[Block]:
    """As many more trials as a narrower space needs, at the share of those that completed so far."""
    n_complete = len(material.having(Status.COMPLETE))
    n_tried = len(material.ended) - len(material.having(Status.STOPPED))
    if material.state == "running" or not n_complete or n_complete >= FEWEST:
        return
    n_extra = max(FEWEST_MORE, math.ceil((FEWEST - n_complete) * n_tried / n_complete))
    yield Code(
        caption=f"Go on with {n_extra} more trials: at the rate so far, {FEWEST} will have completed",
        text=f"{resume_command(material)} --extra {n_extra}",
        is_command=True,
    )


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
