"""Puts a trial of an earlier sweep into Production, through the same gate as at the end of a run."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sweep import promotion, wiring
from sweep.config import SweepConfig
from sweep.errors import InputError, PromotionError, UnavailableError
from sweep.executors.alone import judge_alone, package_alone
from sweep.executors.machine import n_cores
from sweep.history import PastTrial, named
from sweep.paths import Home, SweepPaths
from sweep.ports import Observer
from sweep.promotion import Candidate, Promotion
from sweep.provenance import who
from sweep.records import PackageRequest, Status, TrialResult, TrialSpec
from sweep.summary import why_none_completed
from sweep.tracking import ModelRegistry
from sweep.tracking.history import read_history
from sweep.wiring import parts
from sweep.wiring.names import model_name
from sweep.wiring.owner import held
from sweep.workshop.data import held_cache, prepare_data

REFUSED = 3
DELIVERY_S = 60.0
_KEPT = "complete trials with a checkpoint, the best first"
ANY_SIDE_PX = 32  # the stored config names the size itself


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionReport:
    """What came of `sweep promote`.

    Args:
        sweep: name of the sweep.
        trial: run name of the trial.
        found: the version, and what the gate said.
    """

    sweep: str
    trial: str
    found: Promotion

    @property
    def exit_code(self) -> int:
        """0: in Production, 3: refused by the gate."""
        return 0 if self.found.champion.promoted else REFUSED

    def to_dict(self) -> dict[str, object]:
        """JSON-able form, for `--json`.

        Returns:
            The version, whether it is in Production, and the gate's evidence.
        """
        champion, decision = self.found.champion, self.found.decision
        return {
            "sweep": self.sweep,
            "trial": self.trial,
            "name": champion.name,
            "version": champion.version,
            "promoted": champion.promoted,
            "forced": self.found.is_forced,
            "replaced": champion.replaced,
            "why": self.found.why or f"version {champion.version} was in Production already",
            "gate": None if decision is None else decision.to_dict(),
            "exit_code": self.exit_code,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What promoting needs, opened."""

    config: SweepConfig
    home: Home
    paths: SweepPaths
    registry: ModelRegistry
    model: str
    observer: Observer
    kept: str


def promote(
    name: str,
    observer: Observer,
    *,
    environ: Mapping[str, str],
    trial: int | str | None = None,
    trial_uid: str | None = None,
    force: bool = False,
    home: str | None = None,
    tracking_uri: str | None = None,
) -> PromotionReport:
    """Package a trial unless it was registered before, judge it, and put it into Production if it passes.

    Args:
        name: of a sweep of this home.
        observer: told what is being done, and what should be known.
        environ: the environment, for SWEEP_TRACKING_URI.
        trial: its run name or the number in it, as `sweep show` has it; None for the best one.
        trial_uid: of the trial that is meant, for a caller who knows it from MLflow, where sweeps of several
            homes may have one name; None for whatever trial the name leads to.
        force: go over the gate, which the ledger then says.
        home: where the sweep lies; None for SWEEP_HOME, or `mlruns` without it.
        tracking_uri: MLflow's store, None for the sweep's own.

    Returns:
        What came of it.

    Raises:
        InputError: no such sweep or trial, it has another uid, it is not complete, or its checkpoint or data
            is gone.
        PromotionError: it cannot be packaged or registered.
        UnavailableError: a database, server or disk cannot be used; run it again.
    """
    where = Home.at(home)
    stored = wiring.read_stored(where, name)
    config = stored.loaded({"tracking_uri": tracking_uri}, home=where, environ=environ).config
    paths = where.sweep(stored.name)
    trials = list(read_history(paths.spool).trials.values())
    kept = ", ".join(one.spec.run_name for one in _best_first(trials)[: config.keep]) or "none"
    past = _chosen(trials, name, trial, kept=kept)
    if trial_uid is not None and past.spec.trial_uid != trial_uid:
        raise InputError(_another(past.spec, name, where))
    desk = _Desk(
        config=config,
        home=where,
        paths=paths,
        registry=parts.make_registry(config, where),
        model=model_name(config),
        observer=observer,
        kept=kept,
    )
    with _with_frames(desk, past.spec) as spec:
        found = _promoted(desk, spec, past.ending, force=force)
    if found.champion.promoted:
        _note(desk, f"{found.champion.name}/{found.champion.version}")
    for note in found.decision.notes if found.decision else ():
        observer.notice(note)
    return PromotionReport(sweep=name, trial=spec.run_name, found=found)


def _chosen(trials: Sequence[PastTrial], name: str, word: int | str | None, *, kept: str) -> PastTrial:
    """The trial that is meant, if it may be promoted."""
    if word is None:
        best_first = _best_first(trials)
        if not best_first:
            told = why_none_completed([(one.spec, one.ending) for one in trials])
            raise InputError(f"sweep {name}: {told}; nothing can be promoted")
        return best_first[0]
    one = named(trials, str(word))
    if one is None:
        raise InputError(f"--trial {word}: sweep {name} has no such trial; {_KEPT}: {kept}")
    if one.ending.status is not Status.COMPLETE:
        why = f" ({one.ending.reason})" if one.ending.reason else ""
        state = f"{one.spec.run_name} of {name} is {one.ending.status.value}{why}"
        raise InputError(f"--trial {word}: {state}; {_KEPT}: {kept}")
    return one


def _another(spec: TrialSpec, name: str, home: Home) -> str:
    return (
        f"{spec.run_name} of {name} in {home.root} is not the trial that is meant: another sweep has that "
        "name, in another home, or it was removed meanwhile. Promote it in the home where it lies: "
        f"sweep promote {name} --trial {spec.run_name} --home DIR"
    )


def _best_first(trials: Sequence[PastTrial]) -> list[PastTrial]:
    complete = [one for one in trials if one.ending.status is Status.COMPLETE]
    sign = -1.0 if complete and complete[0].spec.objectives[0].maximise else 1.0
    return sorted(complete, key=lambda one: (sign * (one.ending.value or 0.0), one.spec.number))


@contextmanager
def _with_frames(desk: _Desk, spec: TrialSpec) -> Iterator[TrialSpec]:
    """The trial with the frames it was trained on; a cache that was cleared is built again."""
    if spec.trainer != "torch":
        raise InputError(f"the trainer {spec.trainer} makes no model, so nothing can be promoted")
    folder = Path(spec.data_ref)
    if not (folder / "meta.json").is_file():
        desk.observer.phase("reading the data")
        data = prepare_data(
            desk.config.data,
            task=desk.config.task,
            format_name=desk.config.format,
            image_size=desk.config.image_size,
            long_side_px=ANY_SIDE_PX,
            cache_root=desk.home.cache,
            progress=lambda done, total: desk.observer.phase("decoding frames", done, total),
        )
        if data.digest != spec.digest:
            raise InputError(
                f"{desk.config.data} has changed since {spec.run_name} was trained (digest "
                f"{data.digest[:12]}, then {spec.digest[:12]}), and the frames of then were cleared, so it "
                "cannot be judged; put the data back, or run a new sweep"
            )
        folder = data.folder
    with held_cache(folder):
        yield replace(spec, data_ref=str(folder), n_threads=n_cores())


def _promoted(desk: _Desk, spec: TrialSpec, result: TrialResult, *, force: bool) -> Promotion:
    run_id = desk.registry.checkpoints.run_of(spec.trial_uid)
    if run_id is None:
        raise InputError(
            f"{spec.run_name} of {desk.paths.root.name} is not in MLflow yet; deliver it with: "
            f"sweep resume {desk.paths.root.name}"
        )
    with tempfile.TemporaryDirectory(prefix="sweep-promote-") as scratch:
        checkpoint = _checkpoint(desk, spec, result, run_id, into=Path(scratch) / "checkpoint")
        candidate = promotion.registered_candidate(desk.registry, desk.model, spec.trial_uid)
        if checkpoint is None and (candidate is None or desk.registry.checkpoints.is_missing(run_id)):
            raise InputError(_lost(desk, spec))
        if candidate is None:
            candidate = _packaged(desk, spec, run_id, str(checkpoint), folder=Path(scratch) / "package")
        desk.observer.phase("judging it")
        return promotion.promote_best(
            desk.registry,
            candidate,
            promotion.Question(
                spec=spec,
                by=who(),
                sweep=desk.paths.root.name,
                checkpoint=str(checkpoint or ""),
                force=force,
                limits=parts.limits_of(desk.config),
            ),
            judge=partial(judge_alone, log=desk.paths.logs / "gate.log"),
        )


def _note(desk: _Desk, version: str) -> None:
    """Let the sweep say that a model of it is in Production; one that goes on says it at its own end."""
    with suppress(InputError, UnavailableError), ExitStack() as stack:
        stack.enter_context(held(desk.paths, desk.paths.root.name))
        if not read_history(desk.paths.spool).is_open:
            scribe = parts.make_scribe(stack, desk.config, home=desk.home, paths=desk.paths)
            scribe.noted({"sweep.model": version, "sweep.not_promoted": ""})
            scribe.close(DELIVERY_S)


def _packaged(desk: _Desk, spec: TrialSpec, run_id: str, checkpoint: str, *, folder: Path) -> Candidate:
    desk.observer.phase(f"packaging {spec.run_name}")
    package = package_alone(
        PackageRequest(trial_uid=spec.trial_uid, spec=spec, checkpoint=str(checkpoint), folder=str(folder)),
        log=desk.paths.logs / "package.log",
    )
    if package.reason:
        raise PromotionError(f"{spec.run_name} could not be packaged: {package.reason}")
    return Candidate(model=desk.model, package=package, spec=spec, run_id=run_id)


def _checkpoint(desk: _Desk, spec: TrialSpec, result: TrialResult, run_id: str, *, into: Path) -> Path | None:
    """The trial's weights: those on disk, brought into MLflow if they had not arrived there, or MLflow's."""
    local = Path(result.checkpoint or Path(spec.folder) / "best.pt")
    files = desk.registry.checkpoints
    if local.is_file() and local.with_suffix(".json").is_file():
        files.upload(run_id, local)
        return local
    return files.download(run_id, into=into)


def _lost(desk: _Desk, spec: TrialSpec) -> str:
    return (
        f"the checkpoint of {spec.run_name} is neither in {spec.folder} nor in its run in MLflow: the sweep "
        f"kept those of its {desk.config.keep} best trials (--keep). Promote one of them: {desk.kept}"
    )
