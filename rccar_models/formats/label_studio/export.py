"""Label Studio's exports: JSON (tasks with annotations) and JSON-MIN (tasks with their regions flattened).

Of several annotations of a task that were not cancelled the one marked as ground truth counts, else the first
that holds a region; predictions do not. JSON-MIN has no such mark.
Sources: https://labelstud.io/guide/task_format, https://labelstud.io/guide/export.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from rccar_models.errors import DataError, LabelError
from rccar_models.faults import Fault, Rule
from rccar_models.formats.files import PICTURE_SUFFIXES, name_of
from rccar_models.formats.json_files import read_json
from rccar_models.formats.label_studio.shapes import GEOMETRIES, Entry, Shape, read_shape

_OLD_AND_NEW = ("annotations", "completions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One image as it was labelled.

    Args:
        file: that it stands in, below the data set.
        name: what messages call it there.
        address: of the image, as written.
        shapes: in file order, those without faults.
        n_annotations: that were not cancelled; 0 if it has not been labelled.
        is_ground_truth: whether the annotation that counts is marked so.
    """

    file: str
    name: str
    address: str
    shapes: tuple[Shape, ...]
    n_annotations: int
    is_ground_truth: bool = False

    @property
    def where(self) -> str:
        """File and task, as messages name it."""
        return f"{self.file}: {self.name}"


@dataclass(kw_only=True)
class _Draft:
    """A task while it is read: the results of the annotation that counts."""

    number: str
    data: Entry
    results: list[object]
    n_annotations: int
    is_ground_truth: bool = False


def read_tasks(path: Path, *, root: Path) -> tuple[list[Task], list[Fault]]:
    """Read an export.

    Args:
        path: the file.
        root: folder of the data set, for messages.

    Returns:
        Its tasks, and the faults.

    Raises:
        DataError: it is not strict JSON, or no list.
    """
    where = name_of(path, root)
    content = read_json(path, root=root)
    if not isinstance(content, list):
        text = "must be a list of tasks; export it as JSON or JSON-MIN"
        raise DataError(str(root), [Fault(Rule.ANNOTATION, text, file=where)])
    tasks: list[Task] = []
    faults: list[LabelError] = []
    for draft in _drafts(content, faults):
        called = f"task {draft.number}"
        try:
            address = _address(draft.data)
        except LabelError as error:
            faults.append(error.of(called))
            continue
        shapes = tuple(_shapes(draft.results, called, faults))
        tasks.append(
            Task(
                file=where,
                name=called,
                address=address,
                shapes=shapes,
                n_annotations=draft.n_annotations,
                is_ground_truth=draft.is_ground_truth,
            )
        )
    return tasks, [fault.at(file=where) for fault in faults]


def _drafts(entries: Iterable[object], faults: list[LabelError]) -> Iterable[_Draft]:
    """Bring both kinds of export into one form; what is no task goes to the faults."""
    drafts: list[_Draft] = []
    flat: dict[str, _Draft] = {}
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            faults.append(LabelError(f"entry {position + 1} is not a task; remove it"))
            continue
        number = _short(entry.get("id", f"at place {position + 1}"))
        try:
            draft = _nested(entry, number) if _is_nested(entry) else _flattened(entry, number)
        except LabelError as error:
            faults.append(error.of(f"task {number}"))
            continue
        if _is_nested(entry) or "id" not in entry or number not in flat:
            drafts.append(draft)
            flat.setdefault(number, draft)
        else:  # JSON-MIN has an entry for each annotation
            flat[number].n_annotations += draft.n_annotations
            flat[number].results = flat[number].results or draft.results
    return drafts


def _is_nested(entry: Entry) -> bool:
    return isinstance(entry.get("data"), dict) or any(key in entry for key in _OLD_AND_NEW)


def _nested(entry: Entry, number: str) -> _Draft:
    data = entry.get("data")
    if not isinstance(data, dict):
        raise LabelError("has no data with the address of its image; export it again")
    annotations = next((entry[key] for key in _OLD_AND_NEW if key in entry), [])
    if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
        raise LabelError("its annotations are not a list of objects; export it as JSON")
    valid = [one for one in annotations if not (one.get("was_cancelled") or one.get("skipped"))]
    # Ground truth first, then what holds a region, then in the order of the file.
    best: Entry = max(
        valid, key=lambda one: (one.get("ground_truth") is True, bool(one.get("result"))), default={}
    )
    results = best.get("result") or []
    if not isinstance(results, list):
        annotation = f"annotation {_short(best.get('id'))}"
        raise LabelError("its result is not a list; export it as JSON", object=annotation)
    return _Draft(
        number=number,
        data=data,
        results=results,
        n_annotations=len(valid),
        is_ground_truth=best.get("ground_truth") is True,
    )


def _flattened(entry: Entry, number: str) -> _Draft:
    """An entry of JSON-MIN: regions stand in lists under the names of their controls."""
    values = {
        f"{key}[{position}]": value
        for key, found in entry.items()
        if isinstance(found, list)
        for position, value in enumerate(found)
        if isinstance(value, dict)
    }
    # Controls of one region repeat it: <Rectangle> beside <Labels>, a text or choice that belongs to it.
    named = {_place(value) for value in values.values() if _label_key(value)}
    regions = [
        {**value, "id": name, "type": _label_key(value) or _geometry(value), "value": value}
        for name, value in values.items()
        if _label_key(value) or _place(value) not in named
    ]
    is_labelled = bool(regions) or entry.get("annotation_id") is not None
    return _Draft(number=number, data=entry, results=[*regions], n_annotations=int(is_labelled))


def _label_key(value: Entry) -> str | None:
    """The key of a region's labels, which is called as the type that JSON-MIN leaves out."""
    return next((key for key in value if key.endswith("labels")), None)


def _place(value: Entry) -> str:
    keys = ("x", "y", "width", "height", "points", "rle")
    return repr([value.get(key) for key in keys])


def _geometry(value: Entry) -> str | None:
    signs = {"rle": "brush", "points": "polygon", "radiusX": "ellipse", "width": "rectangle"}
    return next((kind for sign, kind in signs.items() if sign in value), None)


def _address(data: Entry) -> str:
    """The address of a task's image, under `image` or the only one that looks like a picture's."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and value}
    if "image" in texts:
        return texts["image"]
    pictures = [text for text in texts.values() if _is_picture(text)]
    if len(pictures) != 1:
        raise LabelError(f"{len(pictures)} of its data are addresses of images; call the right one 'image'")
    return pictures[0]


def _is_picture(text: str) -> bool:
    try:
        path = urlsplit(text).path
    except ValueError:
        return False
    return any(PurePosixPath(part).suffix.lower() in PICTURE_SUFFIXES for part in (path, text))


def _shapes(results: list[object], task: str, faults: list[LabelError]) -> Iterator[Shape]:
    entries = [result for result in results if isinstance(result, dict)]
    if len(entries) < len(results):
        faults.append(LabelError("a result is not an object; export it again", object=task))
    # <Labels> with <Rectangle> write a region twice: once as a shape, once with its label.
    named = {_short(one.get("id")) for one in entries if str(one.get("type")).endswith("labels")}
    for position, result in enumerate(entries):
        number = _short(result.get("id", f"at place {position + 1}"))
        if result.get("type") in list(GEOMETRIES) and number in named:
            continue
        try:
            shape = read_shape(result, where=f"result {number}")
        except LabelError as error:
            faults.append(error.of(f"{task}, result {number}"))
            continue
        if shape is not None:
            yield shape


def _short(value: object) -> str:
    return str(value)[:80]
