"""Everything that is wrong with a data set, found before anything is trained on it.

The set is listed for every task that it can serve and each frame is decoded once for each kind of labels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rccar_models.errors import AmbiguousLayoutError, DataError, WrongTaskError
from rccar_models.faults import Fault, Rule
from rccar_models.formats import DEMO, scan_data
from rccar_models.formats.mask_folder.classes import MEND as NO_TABLE
from rccar_models.inspection.alike import duplicate_findings
from rccar_models.inspection.drives import drive_findings
from rccar_models.inspection.findings import RULES, Finding, as_finding
from rccar_models.inspection.frames import SeenFrame, see_frames
from rccar_models.inspection.set_rules import class_findings, frame_findings, name_findings, size_findings
from rccar_models.inspection.unpaired import unpaired_findings
from rccar_models.samples import DataIndex

TASKS = ("detection", "segmentation")
"""Labelled objects tell more than the masks made from them, so they are looked at first."""

Progress = Callable[[int, int], None]

_DETAILED = frozenset({Rule.LABEL_WITHOUT_IMAGE, Rule.IMAGE_WITHOUT_LABEL, Rule.FLAT_BOX})
"""Rules of which a format only counts the cases: its line is left out where they are listed one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found.

    Args:
        source: as the user named it.
        format: the format's name; empty if none was recognised.
        tasks: for which it was checked.
        classes: of the first task, in order of id.
        counts: frames by split.
        findings: in the order of `RULES`, errors first.
    """

    source: str
    format: str
    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    counts: dict[str, int]
    findings: tuple[Finding, ...]


def check_data(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    long_side_px: int = 160,
    progress: Progress | None = None,
) -> Checked:
    """Check a data set.

    Args:
        source: "demo", or a folder.
        task: what it is to serve; None for all that it can.
        format_name: of the layout, None to recognise it.
        long_side_px: longer side of frames in training, by which small boxes are judged.
        progress: told (done, total) frames.

    Returns:
        All findings. A folder that no format can list is a finding too.

    Raises:
        UnknownNameError: no format has this name.
        DataError: the folder is missing.
    """
    try:
        indexes = _served(source, (task,) if task else TASKS, format_name)
    except DataError as error:
        if source == DEMO or not Path(source).expanduser().is_dir():
            raise
        found = [as_finding(_of_the_whole(fault), is_error=True) for fault in error.faults]
        tasks = (task,) if task else ()
        return Checked(source=source, format="", tasks=tasks, classes=(), counts={}, findings=tuple(found))
    able, findings = _all_findings(indexes, long_side_px=long_side_px, progress=progress or _silent)
    first = able[0]
    return Checked(
        source=source,
        format=first.format,
        tasks=tuple(index.task for index in able),
        classes=first.classes,
        counts={split: len(samples) for split, samples in first.splits.items()},
        findings=_sorted(findings),
    )


def _served(source: str, tasks: Sequence[str], format_name: str | None) -> list[DataIndex]:
    """List the set for each task that its format serves and its labels allow."""
    indexes: list[DataIndex] = []
    refusals: list[DataError] = []
    for task in tasks:
        try:
            indexes.append(scan_data(source, task, format_name))
        except AmbiguousLayoutError:
            raise  # another task would silently take the labels of one format
        except DataError as error:
            refusals.append(error)
    if not indexes:
        raise min(refusals, key=lambda error: isinstance(error, WrongTaskError))
    # A set of boxes has no outlines: that is no fault of it, it serves detection only.
    able = [index for index in indexes if not _lacks_labels(index)]
    return able or indexes[:1]


def _of_the_whole(fault: Fault) -> Fault:
    """What cannot be read and without which nothing can be listed."""
    return replace(fault, rule=Rule.LAYOUT) if fault.rule is Rule.ANNOTATION else fault


def _lacks_labels(index: DataIndex) -> bool:
    return any(fault.rule is Rule.NO_OBJECTS for fault in index.faults)


def _all_findings(
    indexes: Sequence[DataIndex], *, long_side_px: int, progress: Progress
) -> tuple[list[DataIndex], list[Finding]]:
    """Check for one task after the other; a task that the labels turn out not to serve is left out."""
    findings: list[Finding] = []
    able: list[DataIndex] = []
    for together in _by_labels(indexes):
        seen = list(see_frames(together, progress))
        has_outlines = any(frame.has_outlines for kept in seen for frame in kept)
        for position, index in enumerate(together):
            if position and not has_outlines:  # boxes only, so faulty that the format did not say it
                continue
            able.append(index)
            frames = [kept[position] for kept in seen]
            findings += _index_findings(index)
            findings += [found for frame in frames for found in frame.findings]
            findings += _set_findings(index, frames, long_side_px=long_side_px)
            if len(able) == 1:  # how frames look does not depend on the task
                files = _once(frames)
                findings += [*duplicate_findings(files), *drive_findings(files)]
    return able, findings


def _once(frames: Sequence[SeenFrame]) -> Sequence[SeenFrame]:
    """Each picture once: that a list names it twice is told by the format."""
    known: dict[str, SeenFrame] = {}
    for frame in frames:
        known.setdefault(frame.name, frame)
    return list(known.values())


def _by_labels(indexes: Sequence[DataIndex]) -> list[list[DataIndex]]:
    """Put those together that read the same label files, so that each picture is decoded once for all."""
    groups: list[list[DataIndex]] = []
    for index in indexes:
        same = [group for group in groups if index.format != DEMO and _frames(group[0]) == _frames(index)]
        if same:
            same[0].append(index)
        else:
            groups.append([index])
    return groups


def _frames(index: DataIndex) -> list[tuple[str, str, tuple[Path, ...]]]:
    return [(split, sample.name, sample.files) for split, kept in index.splits.items() for sample in kept]


def _index_findings(index: DataIndex) -> list[Finding]:
    faults = [as_finding(fault, is_error=True) for fault in index.faults]
    warnings = [as_finding(warning, is_error=False) for warning in index.warnings]
    return faults + warnings + unpaired_findings(index)


def _set_findings(index: DataIndex, frames: Sequence[SeenFrame], *, long_side_px: int) -> list[Finding]:
    return [
        *class_findings(index, frames),
        *name_findings(index.classes),
        *frame_findings(index, frames),
        *size_findings(frames, long_side_px=long_side_px),
    ]


def _sorted(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each finding once, without a format's count of cases that are listed one by one."""
    known: dict[object, Finding] = {}
    for found in findings:
        # Of an object that lies outside its box and a corner of its outline say the same.
        is_same = found.rule is Rule.BOX_OUTSIDE and bool(found.object or found.line)
        what = "" if is_same else found.subject or found.text
        known.setdefault((found.rule, found.file, found.line, found.object, what), found)
    listed = {found.rule for found in known.values() if found.file and found.rule in _DETAILED}
    kept = [found for found in known.values() if found.file or found.is_error or found.rule not in listed]
    if any(_tells_of_no_table(found) and not found.file for found in kept):
        kept = [found for found in kept if not (found.file and _tells_of_no_table(found))]
    order = list(RULES)
    return tuple(sorted(kept, key=lambda found: (not found.is_error, order.index(found.rule))))


def _tells_of_no_table(found: Finding) -> bool:
    """Whether it is about colours that mean nothing: one finding for all masks says it better than each."""
    return found.rule is Rule.UNKNOWN_CLASS and found.text.endswith(NO_TABLE)


def _silent(_done: int, _total: int) -> None:
    pass
