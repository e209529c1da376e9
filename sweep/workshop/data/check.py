"""Checks of a data set, for the office: plain records, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rccar_models.faults import Rule
from rccar_models.inspection.checking import check_data as check
from rccar_models.inspection.findings import RULES, Finding
from sweep.workshop.data.errors import Progress, check_task, data_errors, unheard

FORMAT_NUMBER = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFinding:
    """One fault of a data set.

    Args:
        rule: its name.
        level: "error" or "warning".
        file: below the data set; empty for the set as a whole.
        line: of the file, from 1.
        object: in the file; empty if the fault is not about one.
        text: what is wrong, and how to mend it.
    """

    rule: str
    level: str
    file: str
    line: int | None
    object: str
    text: str

    @property
    def place(self) -> str:
        """File, line and object as one text; empty for the set as a whole."""
        line = "" if self.line is None else f":{self.line}"
        return ", ".join(part for part in (f"{self.file}{line}", self.object) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFindings:
    """All faults against one rule.

    Args:
        rule: its name.
        meaning: what it is about.
        findings: errors first.
    """

    rule: str
    meaning: str
    findings: tuple[DataFinding, ...]

    @property
    def n_errors(self) -> int:
        """How many of them must be mended."""
        return sum(found.level == "error" for found in self.findings)

    @property
    def n_warnings(self) -> int:
        """How many of them are worth knowing."""
        return len(self.findings) - self.n_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCheck:
    """What a check found.

    Args:
        source: as the user named it.
        format: the format's name; empty if none was recognised.
        tasks: for which it was checked.
        classes: in order of id.
        counts: frames by split.
        rules: those with findings, errors first.
    """

    source: str
    format: str
    tasks: tuple[str, ...]
    classes: tuple[str, ...]
    counts: Mapping[str, int]
    rules: tuple[RuleFindings, ...]

    @property
    def n_errors(self) -> int:
        """Faults that must be mended."""
        return sum(rule.n_errors for rule in self.rules)

    @property
    def n_warnings(self) -> int:
        """Faults that are worth knowing."""
        return sum(rule.n_warnings for rule in self.rules)

    def to_dict(self) -> dict[str, object]:
        """Make one JSON object of it.

        Returns:
            All findings and a summary by rule.
        """
        return {
            "format_number": FORMAT_NUMBER,
            "source": self.source,
            "format": self.format,
            "task": "+".join(self.tasks),
            "tasks": list(self.tasks),
            "splits": dict(self.counts),
            "classes": list(self.classes),
            "findings": [asdict(found) for rule in self.rules for found in rule.findings],
            "summary": {
                "errors": self.n_errors,
                "warnings": self.n_warnings,
                "rules": {
                    rule.rule: {"errors": rule.n_errors, "warnings": rule.n_warnings} for rule in self.rules
                },
            },
        }


def check_data(
    source: str,
    *,
    task: str | None = None,
    format_name: str | None = None,
    progress: Progress = unheard,
) -> DataCheck:
    """Find what is wrong with a data set before anything is trained on it.

    Args:
        source: "demo" or a folder.
        task: what it is to serve; None for all that it can.
        format_name: overrides recognition.
        progress: told (done, total) frames.

    Returns:
        All findings, by rule; errors must be mended before training.

    Raises:
        InputError: the folder is missing, or a name is unknown.
        UnavailableError: the folder cannot be read.
    """
    check_task(task)
    with data_errors(source):
        checked = check(source, task=task, format_name=format_name, progress=progress)
    return DataCheck(
        source=source,
        format=checked.format,
        tasks=checked.tasks,
        classes=checked.classes,
        counts=checked.counts,
        rules=_by_rule(checked.findings),
    )


def _by_rule(findings: Sequence[Finding]) -> tuple[RuleFindings, ...]:
    """Group findings, which come errors first, in the order in which the rules appear."""
    groups: dict[Rule, list[DataFinding]] = {}
    for found in findings:
        groups.setdefault(found.rule, []).append(
            DataFinding(
                rule=found.rule.value,
                level=found.level,
                file=found.file,
                line=found.line,
                object=found.object,
                text=found.text,
            )
        )
    return tuple(
        RuleFindings(rule=rule.value, meaning=RULES[rule], findings=tuple(kept))
        for rule, kept in groups.items()
    )
