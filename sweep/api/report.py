"""What a finished `run` hands back: the numbers, where things lie, and how to look at them."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from sweep.paths import Home
from sweep.ports import Champion
from sweep.promotion import Decision
from sweep.redaction import HIDDEN
from sweep.remedies import next_step
from sweep.summary import Summary

# MLflow's own list of hosts has patterns that a web page elsewhere can be made to match (DNS rebinding).
MLFLOW_ON_LOOPBACK = "--host 127.0.0.1 --port 5000 --allowed-hosts localhost:5000,127.0.0.1:5000"


def home_argument(home: Path) -> str:
    """Write a home as Python code has it.

    Args:
        home: any path, also one with quotes.

    Returns:
        An argument, e.g. `home='/home/me/mlruns'`.
    """
    return f"home={str(home)!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A sweep that has ended.

    Args:
        summary: the numbers.
        home: where everything lies.
        tracking_uri: MLflow's store, without password.
        storage: Optuna's storage, without password.
        champion: the registered model, None if nothing was registered.
        kept: why nothing was registered or promoted, or empty.
        decision: of the gate, None if it was not asked.
        elapsed_s: wall time of the whole run.
        spool: file of events MLflow did not take, None if it took all.
        report: file of the report, None if none was written.
        signal_exit: 130 or 143 if a signal ended the sweep, else 0.
        is_resumed: whether an earlier process began it; `elapsed_s` is of the last one.
    """

    summary: Summary
    home: Path
    tracking_uri: str
    storage: str
    champion: Champion | None
    kept: str
    elapsed_s: float
    decision: Decision | None = None
    spool: Path | None = None
    report: Path | None = None
    signal_exit: int = 0
    is_resumed: bool = False

    @property
    def exit_code(self) -> int:
        """0: a trial completed, 1: none did, 4: MLflow did not take everything, 130 or 143: a signal."""
        if self.signal_exit:
            return self.signal_exit
        if self.summary.best is None:
            return 1
        return 4 if self.spool is not None else 0

    @property
    def checkpoint(self) -> str | None:
        """File of the best trial's weights where it became no registered model; None if there is none."""
        if self.champion is not None or self.summary.best is None:
            return None
        return self.summary.best[1].checkpoint

    @property
    def commands(self) -> dict[str, str]:
        """The commands that open this home, by what they open."""
        return {
            "sweep ui": self.ui_command,
            "optuna-dashboard": (
                f"optuna-dashboard --host 127.0.0.1 {shlex.quote(self.storage)} "
                f"--artifact-dir {shlex.quote(str(Home(self.home).optuna_artifacts))}"
            ),
            "MLflow": (
                f"mlflow ui --backend-store-uri {shlex.quote(self.tracking_uri)} {MLFLOW_ON_LOOPBACK}"
                if "://" in self.tracking_uri and not self.tracking_uri.startswith("http")
                else f"open {self.tracking_uri}"
            ),
        }

    @property
    def ui_command(self) -> str:
        """The command that opens all pages on this home."""
        own = Home(self.home)
        words = [f"sweep ui{own.flag}"]
        for flag, address, usual in (
            ("--storage", self.storage, own.optuna_url),
            ("--tracking-uri", self.tracking_uri, own.mlflow_url),
        ):
            if address != usual and HIDDEN not in address:  # a password comes from the environment again
                words += [flag, shlex.quote(address)]
        return " ".join(words)

    @property
    def resume_command(self) -> str:
        """The command that goes on with a sweep that was interrupted; empty if it came to its end."""
        return self.open_command if self.signal_exit else ""

    @property
    def open_command(self) -> str:
        """The command that runs on what was stopped, whatever stopped it."""
        return f"sweep resume {self.summary.name}{Home(self.home).flag}"

    @property
    def next_step(self) -> str:
        """What helps where all trials failed for one kind of reason; empty if they did not."""
        return next_step(
            self.summary.all_failed, retry=f"sweep retry {self.summary.name}{Home(self.home).flag}"
        )

    @property
    def promote_command(self) -> str:
        """The command that puts the best trial forward; empty if it was, or if there is no model to put."""
        if self.checkpoint is None:
            return ""
        return f"sweep promote {self.summary.name}{Home(self.home).flag}"

    @property
    def load_command(self) -> str:
        """Python that opens the champion from any folder; empty if there is none."""
        if self.champion is None:
            return ""
        where = home_argument(self.home)
        if not self.tracking_uri.startswith("sqlite:") or str(self.home) not in self.tracking_uri:
            where = f"tracking_uri={self.tracking_uri!r}"
        name, version = self.champion.name, "Production" if self.champion.promoted else self.champion.version
        return f'sweep.load_model("models:/{name}/{version}", {where})'

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`.

        Returns:
            The summary with places, commands and the registered model.
        """
        champion = self.champion
        return self.summary.to_dict() | {
            "elapsed_s": round(self.elapsed_s, 3),
            "home": str(self.home),
            "tracking_uri": self.tracking_uri,
            "storage": self.storage,
            "commands": self.commands,
            "model": None
            if champion is None
            else {
                "name": champion.name,
                "version": champion.version,
                "run_id": champion.run_id,
                "promoted": champion.promoted,
                "value": champion.value,
                "replaced": champion.replaced,
                "replaced_value": champion.replaced_value,
            },
            "not_promoted_because": self.kept,
            "gate": None if self.decision is None else self.decision.to_dict(),
            "checkpoint": self.checkpoint,
            "report": None if self.report is None else str(self.report),
            "undelivered": None if self.spool is None else str(self.spool),
            "exit_code": self.exit_code,
        }
