"""Statistics of a data set as tables that fit 80 columns."""

import shlex

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sweep.api.data import (
    GONE_PX,
    TINY_PX,
    ClassStatistics,
    DataStatistics,
    ObjectStatistics,
    SplitStatistics,
    short_name,
)
from sweep.cli.literal import say, text

_LONGEST_NAME = 26
_N_SIZES = 4


def show_statistics(found: DataStatistics) -> None:
    """Print all tables of a data set.

    Args:
        found: its statistics.
    """
    console = Console()
    n_frames = sum(split.n_frames for split in found.splits)
    console.print(text(found.source), highlight=False)
    console.print(
        text(f"{found.format}, {found.task}; {n_frames:,} frames, {_sizes(found)}"), highlight=False
    )
    say("")
    console.print(_split_table(found))
    say("")
    console.print(_class_table(found))
    if found.objects is not None and found.objects.total:
        say("")
        console.print(_size_table(found, found.objects))
        _say_tiny(console, found.objects)
    for warning in found.warnings:
        console.print(text(f"warning: {warning}"), highlight=False)
    _say_faults(console, found)


def _sizes(found: DataStatistics) -> str:
    shown = [f"{width}x{height}" for (width, height), _ in found.image_sizes[:_N_SIZES]]
    if len(found.image_sizes) == 1:
        return f"all {shown[0]}"
    counted = [f"{size} ({count})" for size, (_, count) in zip(shown, found.image_sizes, strict=False)]
    more = len(found.image_sizes) - _N_SIZES
    return ", ".join(counted) + (f" and {more} other sizes" if more > 0 else "")


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(titles[0], overflow="ellipsis", no_wrap=True, max_width=_LONGEST_NAME)
    for title in titles[1:]:
        table.add_column(title, justify="right", vertical="bottom")
    return table


def _split_table(found: DataStatistics) -> Table:
    table = _table(
        "split", "frames", "un-\nreadable", "without\nlabels", f"{found.per_frame_unit}\na frame", "ignored"
    )
    table.add_column("brightness", justify="right")
    for split in found.splits:
        table.add_row(
            split.name,
            f"{split.n_frames:,}",
            _alarming(split.n_unreadable),
            str(split.n_empty),
            _span(split),
            f"{split.ignored:.1%}" if found.unit == "pixels" else "-",
            "-".join(f"{value:.0f}" for value in split.brightness[::2]) or "-",
        )
    return table


def _span(split: SplitStatistics) -> str:
    numbers = list(split.per_frame)
    if not numbers:
        return "-"
    mean = sum(number * count for number, count in split.per_frame.items()) / sum(split.per_frame.values())
    return f"{mean:.1f} ({min(numbers)} to {max(numbers)})"


def _class_table(found: DataStatistics) -> Table:
    has_sizes = found.objects is not None and found.objects.total > 0
    unit = "share" if found.unit == "pixels" else "objects"
    titles = [f"{split.name}\n{unit}, frames" for split in found.splits]
    table = _table("class", *titles, *([f"under\n{TINY_PX:g} px"] if has_sizes else []))
    for one in found.classes:
        cells = [_amount(found, one, split.name) for split in found.splits]
        tiny = f"{one.n_tiny / one.n_objects:.0%}" if one.n_objects else "-"
        table.add_row(text(short_name(one.name, _LONGEST_NAME)), *cells, *([tiny] if has_sizes else []))
    return table


def _amount(found: DataStatistics, one: ClassStatistics, split: str) -> Text:
    amount = f"{one.share[split]:.2%}" if found.unit == "pixels" else f"{one.amount[split]:,}"
    return text(f"{amount} {one.n_frames[split]:>6,}", style="" if one.n_frames[split] else "red")


def _size_table(found: DataStatistics, objects: ObjectStatistics) -> Table:
    table = _table("size of objects", "small\nunder 32x32", "medium", "large\nfrom 96x96")
    training = "in training, " + "x".join(map(str, found.training_size))
    for title, counts in (("in the source", objects.in_source), (training, objects.in_training)):
        shares = (f"{count:,} {count / objects.total:>4.0%}" for count in counts.values())
        table.add_row(title, *shares)
    return table


def _say_tiny(console: Console, objects: ObjectStatistics) -> None:
    if objects.n_tiny:
        gone = f", {objects.n_gone} of them under {GONE_PX:g} px and lost" if objects.n_gone else ""
        console.print(
            text(
                f"{objects.n_tiny} of {objects.total} objects are under {TINY_PX:g} px wide or high in "
                f"training{gone}; a larger --image-size keeps them"
            ),
            highlight=False,
        )


def _say_faults(console: Console, found: DataStatistics) -> None:
    if found.faults:
        words = "1 fault" if len(found.faults) == 1 else f"{len(found.faults)} faults, e.g."
        console.print(text(f"{words}: {found.faults[0]}", style="red"), highlight=False)
        say(f"  all of them: sweep data check {shlex.quote(found.source)} --task {found.task}")


def _alarming(count: int) -> Text:
    return text(str(count), style="red" if count else "")
