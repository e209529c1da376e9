"""The flags of `sweep run`: type, help and panel of each. What is not given is None: the config decides."""

from pathlib import Path
from typing import Annotated, Any

import typer

_SEARCH, _TRAINING, _LIMITS, _PLACES, _SHOWN = "Search", "Training", "Limits", "Places", "Output"


def _flag(panel: str, text: str, **more: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=panel, show_default=False, **more)


Task = Annotated[str | None, _flag(_SEARCH, "segmentation or detection.")]
Trials = Annotated[int | None, _flag(_SEARCH, "How many configurations to try (default: 50).")]
Data = Annotated[str | None, _flag(_SEARCH, "'demo' or a folder (default: demo).", metavar="demo|PATH")]
Format = Annotated[str | None, _flag(_SEARCH, "The data's format; recognised by itself.")]
Space = Annotated[str | None, _flag(_SEARCH, "Search space: a name of `sweep spaces`, or a YAML file.")]
Name = Annotated[str | None, _flag(_SEARCH, "Name of the sweep (default: task and time).")]
Metric = Annotated[
    str | None,
    _flag(_SEARCH, "What to optimise: miou, val_loss, pixel_acc, dice; f1_50, map_50, map, val_loss."),
]
Sampler = Annotated[str | None, _flag(_SEARCH, "tpe, gp, random, grid or qmc (default: tpe).")]
Pruner = Annotated[str | None, _flag(_SEARCH, "median, hyperband, asha, patient or none (default: median).")]
Seed = Annotated[int | None, _flag(_SEARCH, "Of all chance (default: 0).")]
Set = Annotated[
    list[str] | None,
    _flag(_SEARCH, "Set a key of the config, or fix a parameter of the space.", metavar="KEY=VALUE"),
]
Epochs = Annotated[int | None, _flag(_TRAINING, "Length of a full trial (default: the space's).")]
ImageSize = Annotated[
    str | None,
    _flag(_TRAINING, "Frames are resized to this, once (default: the space's).", metavar="WxH"),
]
Weights = Annotated[
    str | None, _flag(_TRAINING, "Pretrained weights (default: default).", metavar="default|none|FILE")
]
Trainer = Annotated[str | None, _flag(_TRAINING, "torch, or stand_in for dry tests of a set-up.")]
Workers = Annotated[
    str | None,
    _flag(_PLACES, "Worker processes (default: auto, what the machine carries).", metavar="auto|N"),
]
Executor = Annotated[str | None, _flag(_PLACES, "local (processes) or inline (this process).")]
Device = Annotated[str | None, _flag(_PLACES, "auto, cpu, cuda or cuda:N (default: auto).")]
Timeout = Annotated[str | None, _flag(_LIMITS, "Time budget of the sweep.", metavar="30m")]
TrialTimeout = Annotated[str | None, _flag(_LIMITS, "Time budget of a trial.", metavar="10m")]
StallTimeout = Annotated[
    str | None, _flag(_LIMITS, "A trial silent for so long has failed (default: 30m).", metavar="30m")
]
Target = Annotated[float | None, _flag(_LIMITS, "Stop when the metric reaches this.")]
Patience = Annotated[int | None, _flag(_LIMITS, "Stop after N trials without a better one.")]
MaxLatencyMs = Annotated[
    float | None,
    _flag(_LIMITS, "Promote no model slower than this for a frame on this machine's CPU.", metavar="MS"),
]
MaxSizeMb = Annotated[
    float | None, _flag(_LIMITS, "Promote no model whose package is larger, in MB.", metavar="MB")
]
MaxFailures = Annotated[int | None, _flag(_LIMITS, "Stop after N failures in a row (default: 5).")]
MaxRetries = Annotated[
    int | None, _flag(_LIMITS, "New attempts for a trial whose worker was killed (default: 2).")
]
Keep = Annotated[int | None, _flag(_LIMITS, "Checkpoints that stay on disk (default: 3).")]
Promote = Annotated[bool | None, _flag(_PLACES, "Put the best model into Production (default: --promote).")]
Report = Annotated[
    bool | None, _flag(_PLACES, "Write a report at the end, one HTML file (default: --report).")
]
Home = Annotated[str | None, _flag(_PLACES, "Folder of databases and artifacts (default: mlruns).")]
Storage = Annotated[str | None, _flag(_PLACES, "Optuna's storage, if not in the home.", metavar="URL")]
TrackingUri = Annotated[str | None, _flag(_PLACES, "MLflow's store, if not in the home.", metavar="URI")]
Config = Annotated[Path | None, _flag(_PLACES, "YAML with the same keys as these flags.", metavar="FILE")]
DryRun = Annotated[bool, _flag(_SHOWN, "Show each value with its origin and stop.")]
Quiet = Annotated[bool, _flag(_SHOWN, "Show the summary only.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object at the end.", rich_help_panel=_SHOWN)]
