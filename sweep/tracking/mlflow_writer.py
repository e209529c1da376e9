"""Writes batches into MLflow so that writing one twice leaves the same as writing it once.

A run is looked for by its uid before it is made a second time; metrics carry the time of their event, and
MLflow keeps one of two equal points; params, tags and endings are the same whenever they are written.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sweep.records import SweepRecord, TrialSpec
from sweep.redaction import redacted
from sweep.tracking.events import PARENT
from sweep.tracking.run_batch import Point, RunBatch
from sweep.tracking.run_fields import (
    ParamName,
    dataset_fields,
    sweep_params,
    sweep_tags,
    trial_params,
    trial_tags,
)
from sweep.tracking.store import Store, is_refusal, mlflow_errors

# MLflow takes 1,000 entities and 1 MB a call; 50 params and 50 tags of full length stay below that.
POINTS_A_CALL = 900
PARAMS_A_CALL = 50
TAGS_A_CALL = 50
UPLOADS = 3


class MlflowWriter:
    """Knows which run is whose.

    Args:
        store: an open one.
        param_name: logged name of a trial's parameter.
        run_ids: by trial_uid; grows as runs are made.

    Attributes:
        sweep: the sweep's name.
        refusals: what MLflow would not take, one line each; the rest was written.
    """

    def __init__(self, store: Store, *, param_name: ParamName, run_ids: dict[str, str]) -> None:
        self._store = store
        self._client = store.client
        self._param_name = param_name
        self._run_ids = run_ids
        self.sweep = ""
        self.refusals: list[str] = []
        self._openings: dict[str, tuple[int, SweepRecord | TrialSpec]] = {}
        self._n_failed: Counter[tuple[str, str]] = Counter()

    @property
    def experiment_id(self) -> str:
        """MLflow's id of the experiment."""
        return self._store.experiment_id

    def write(self, batches: Sequence[RunBatch], *, doubtful: bool) -> None:
        """Write batches; what was written before an error may be written again.

        Args:
            batches: one a run, the sweep's own last.
            doubtful: whether some of it may have been written before.

        Raises:
            MlflowException: the store cannot be used right now.
            OSError: an artifact cannot be written right now.
        """
        for batch in batches:
            if batch.uid == PARENT and batch.opening:
                self._open(batch, doubtful=doubtful)  # trials name it as their parent
        for batch in batches:
            if batch.uid != PARENT and batch.opening:
                self._open(batch, doubtful=doubtful)
            if batch.uid in self._run_ids:
                self._fill_living(batch)
            else:
                self.refusals.append(f"no run for {batch.uid!r}: it was never started")

    def _fill_living(self, batch: RunBatch) -> None:
        """Write a batch; where somebody has deleted its run meanwhile, into another one that names it."""
        run_id, n_before = self._run_ids[batch.uid], len(self.refusals)
        self._fill(batch, run_id)
        if len(self.refusals) == n_before or batch.uid not in self._openings:
            return
        if self._client.get_run(run_id).info.lifecycle_stage == "active":
            return
        batch.opening, batch.is_resumed = self._openings[batch.uid], False
        at_ms, what = batch.opening
        name = what.name if isinstance(what, SweepRecord) else what.run_name
        del self.refusals[n_before:]
        self.refusals.append(f"{name}: somebody deleted its run {run_id}; what follows is in another one")
        self._run_ids[batch.uid] = self._create(at_ms, what, tags={"sweep.replaces": run_id})
        self._fill(batch, self._run_ids[batch.uid])

    def has_run(self, run_id: str) -> bool:
        """Look for a run.

        Args:
            run_id: MLflow's.

        Returns:
            Whether it is there and not deleted.

        Raises:
            UnavailableError: the store cannot be used right now.
        """
        from mlflow.exceptions import MlflowException

        with mlflow_errors("looking for the sweep's run"):
            try:
                return bool(self._client.get_run(run_id).info.lifecycle_stage == "active")
            except MlflowException as error:
                if is_refusal(error):
                    return False
                raise

    def _open(self, batch: RunBatch, *, doubtful: bool) -> None:
        if batch.opening is None:
            return
        at_ms, what = self._openings[batch.uid] = batch.opening
        is_known = batch.uid in self._run_ids
        batch.is_resumed = is_known and not doubtful
        if not is_known:
            found = self._find(at_ms, what) if doubtful else None
            self._run_ids[batch.uid] = found or self._create(at_ms, what, tags=batch.tags)
            if found is None:
                batch.tags = {}  # the run was made with them
        if isinstance(what, SweepRecord):
            self.sweep = what.name
            if is_known:  # a resumed sweep: the same run goes on
                self._guarded(partial(self._client.update_run, self._run_ids[PARENT], status="RUNNING"))
                batch.tags = sweep_tags(what) | batch.tags

    def _find(self, at_ms: int, what: SweepRecord | TrialSpec) -> str | None:
        if isinstance(what, SweepRecord):
            # Another home's sweep may have the same name on this server, but not the same millisecond.
            words = f"tags.`sweep.kind` = 'sweep' and tags.`sweep.name` = '{what.name}'"
            words += f" and attributes.start_time = {at_ms}"
        else:
            words = f"tags.`sweep.trial_uid` = '{what.trial_uid}'"
        found = self._client.search_runs([self._store.experiment_id], words, max_results=1)
        return str(found[0].info.run_id) if found else None

    def _create(self, at_ms: int, what: SweepRecord | TrialSpec, *, tags: Mapping[str, str]) -> str:
        if isinstance(what, SweepRecord):
            name, own = what.name, sweep_tags(what)
        else:
            name, own = what.run_name, trial_tags(what, sweep=self.sweep)
            if PARENT in self._run_ids:
                own["mlflow.parentRunId"] = self._run_ids[PARENT]
        run = self._client.create_run(
            self._store.experiment_id, start_time=at_ms, tags={**own, **tags}, run_name=name
        )
        return str(run.info.run_id)

    def _fill(self, batch: RunBatch, run_id: str) -> None:
        self._log(run_id, batch.points, params=self._params(batch), tags=batch.tags)
        if batch.opening and isinstance(batch.opening[1], SweepRecord):
            self._describe(run_id, batch.opening[1])
        for file, folder in batch.files:
            upload = partial(self._client.log_artifact, run_id, str(file), folder or None)
            if not file.is_file() and (folder in batch.gone or self._has_arrived(run_id, file, folder)):
                continue  # delivered again, after it was removed here
            if not file.is_file() or not self._has_uploaded(run_id, str(file), upload):
                self._guarded(partial(self._client.set_tag, run_id, "artifact", "missing"))
        for folder in batch.gone:
            self._guarded(partial(self._remove, run_id, folder))
        if batch.ending:
            at_ms, status = batch.ending
            self._guarded(partial(self._client.set_terminated, run_id, status=status, end_time=at_ms))

    def _has_arrived(self, run_id: str, file: Path, folder: str) -> bool:
        names: set[str] = set()

        def look() -> None:
            names.update(Path(item.path).name for item in self._client.list_artifacts(run_id, folder or None))

        return self._guarded(look) and file.name in names

    def _has_uploaded(self, run_id: str, file: str, upload: Callable[[], object]) -> bool:
        """Upload a file; False once it has failed three times though the store lives: the rest must go on."""
        from mlflow.exceptions import MlflowException

        try:
            return self._guarded(upload)
        except (MlflowException, OSError) as error:
            self._client.get_run(run_id)  # raises where nobody answers: then the file is not to blame
            self._n_failed[run_id, file] += 1
            if self._n_failed[run_id, file] < UPLOADS:
                raise
            self.refusals.append(f"{file} after {UPLOADS} uploads: {redacted(str(error)).splitlines()[0]}")
            return False

    def _remove(self, run_id: str, folder: str) -> None:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        if folder in {item.path for item in self._client.list_artifacts(run_id)}:
            place = self._client.get_run(run_id).info.artifact_uri
            repository = get_artifact_repository(place, tracking_uri=self._store.tracking_uri)
            repository.delete_artifacts(folder)  # type: ignore[no-untyped-call]

    def _params(self, batch: RunBatch) -> dict[str, str]:
        # MLflow refuses another value for a param; a resumed sweep may have other ones (more trials).
        if batch.opening is None or batch.is_resumed:
            return {}
        what = batch.opening[1]
        return sweep_params(what) if isinstance(what, SweepRecord) else trial_params(what, self._param_name)

    def _describe(self, run_id: str, record: SweepRecord) -> None:
        from mlflow.entities import Dataset, DatasetInput

        upload = partial(self._client.log_text, run_id, record.config, "config.json")
        if not self._has_uploaded(run_id, "config.json", upload):
            self._guarded(partial(self._client.set_tag, run_id, "artifact", "missing"))
        if fields := dataset_fields(record):
            dataset = DatasetInput(Dataset(**fields), tags=[])
            self._guarded(partial(self._client.log_inputs, run_id, [dataset]))

    def _log(
        self, run_id: str, points: Sequence[Point], *, params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        from mlflow.entities import Metric, Param, RunTag

        metrics = [Metric(point.name, point.value, point.at_ms, point.step) for point in points]
        pairs = [Param(name, value) for name, value in params.items()]
        labels = [RunTag(name, value) for name, value in tags.items()]
        while metrics or pairs or labels:
            some = (metrics[:POINTS_A_CALL], pairs[:PARAMS_A_CALL], labels[:TAGS_A_CALL])
            del metrics[:POINTS_A_CALL], pairs[:PARAMS_A_CALL], labels[:TAGS_A_CALL]
            if self._guarded(partial(self._client.log_batch, run_id, *some), note=False):
                continue
            # One of them is refused, e.g. a param that has another value: the others still count.
            self._guarded(partial(self._client.log_batch, run_id, metrics=some[0]))
            self._guarded(partial(self._client.log_batch, run_id, params=some[1]))
            self._guarded(partial(self._client.log_batch, run_id, tags=some[2]))

    def _guarded(self, call: Callable[[], object], *, note: bool = True) -> bool:
        """Call MLflow; False if it refuses."""
        from mlflow.exceptions import MlflowException
        from requests import HTTPError

        try:
            call()
        except (MlflowException, HTTPError) as error:
            if not is_refusal(error):
                raise
            if note:
                self.refusals.append(redacted(str(error)).splitlines()[0])
            return False
        return True
