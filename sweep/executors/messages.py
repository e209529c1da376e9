"""What travels between the coordinator and its workers: records, a line of JSON each. Nothing is pickled."""

import json
from typing import cast

from sweep.evaluation import EvaluateRequest, Evaluation
from sweep.json_record import Record
from sweep.judgement import Judgement, JudgeRequest
from sweep.records import (
    EpochReport,
    Event,
    Job,
    PackageRequest,
    PackageResult,
    TrialResult,
    TrialSpec,
    Verdict,
)

Message = Job | JudgeRequest | Event | Judgement | Verdict

_KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        TrialSpec,
        PackageRequest,
        EvaluateRequest,
        JudgeRequest,
        EpochReport,
        TrialResult,
        PackageResult,
        Evaluation,
        Judgement,
        Verdict,
    )
}


def parse_message(line: str | bytes) -> Message:
    """Read any record that travels between coordinator and worker.

    Args:
        line: what `to_json` wrote.

    Returns:
        The record.

    Raises:
        ValueError: not a record of this format.
    """
    text = line.decode() if isinstance(line, bytes) else line
    kind = _KINDS.get(str(json.loads(text).get("record")))
    if kind is None:
        raise ValueError(f"not a message between coordinator and worker: {text[:80]!r}")
    return cast(Message, kind.from_json(text))
