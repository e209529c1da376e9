"""Checkpoints of trials as artifacts of their runs: `checkpoints/best.pt` and its `best.json`."""

from pathlib import Path

from sweep.tracking.store import Store, mlflow_errors

FOLDER = "checkpoints"
NAMES = ("best.pt", "best.json")
MISSING = "artifact"
"""Tag of a run whose files did not all arrive."""


class CheckpointFiles:
    """Downloads and uploads them.

    Args:
        store: an open one.
    """

    def __init__(self, store: Store) -> None:
        self._client = store.client
        self._experiment_id = store.experiment_id

    def run_of(self, trial_uid: str) -> str | None:
        """Find the run of a trial.

        Args:
            trial_uid: of the trial.

        Returns:
            Its id, None if it has not arrived in MLflow.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors("looking for the trial's run"):
            words = f"tags.`sweep.trial_uid` = '{trial_uid}' and tags.`sweep.kind` = 'trial'"
            found = self._client.search_runs([self._experiment_id], words, max_results=1)
        return str(found[0].info.run_id) if found else None

    def download(self, run_id: str, *, into: Path) -> Path | None:
        """Fetch a trial's checkpoint.

        Args:
            run_id: the trial's run.
            into: an empty or new folder.

        Returns:
            `best.pt`, with its `best.json` beside it; None if the run has none.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors(f"downloading the checkpoint of run {run_id}"):
            if not set(NAMES) <= self._names(run_id):
                return None
            into.mkdir(parents=True, exist_ok=True)
            return Path(self._client.download_artifacts(run_id, FOLDER, str(into))) / NAMES[0]

    def upload(self, run_id: str, checkpoint: Path) -> None:
        """Bring a trial's checkpoint into its run, unless it is there, and clear the mark of a missing file.

        Args:
            run_id: the trial's run.
            checkpoint: `best.pt`, with its `best.json` beside it.

        Raises:
            PromotionError: MLflow refuses it.
            UnavailableError: the store or the disk cannot be used right now.
        """
        with mlflow_errors(f"uploading {checkpoint}"):
            for name in set(NAMES) - self._names(run_id):
                self._client.log_artifact(run_id, str(checkpoint.with_name(name)), FOLDER)
            if MISSING in self._client.get_run(run_id).data.tags:
                self._client.delete_tag(run_id, MISSING)

    def is_missing(self, run_id: str) -> bool:
        """Say whether some file of a run did not arrive.

        Args:
            run_id: of the run.

        Returns:
            Whether the run is marked so.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        with mlflow_errors(f"looking at run {run_id}"):
            return MISSING in self._client.get_run(run_id).data.tags

    def _names(self, run_id: str) -> set[str]:
        return {Path(item.path).name for item in self._client.list_artifacts(run_id, FOLDER)}
