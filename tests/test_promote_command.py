"""`sweep promote` and the other commands over the registry: what they refuse, and how they say it."""

import dataclasses
import json
from pathlib import Path

import pytest

from rccar_models import checkpoints
from rccar_models.cache import read_info
from sweep.api.promoting import PromotionReport, promote
from sweep.api.silent import Silent
from sweep.errors import InputError
from sweep.paths import Home, write_text
from sweep.records import Objective, Status, SweepRecord, TrialResult, TrialSpec
from sweep.tracking import open_registry
from sweep.tracking.events import Event
from tests.conftest import Cli, run_here
from tests.dying import home_store
from tests.making import a_result
from tests.small_demo import a_request, small_cache, trained

pytestmark = pytest.mark.long

MIOU = Objective("miou_segmentation", maximise=True)


class Quiet(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


@dataclasses.dataclass(frozen=True)
class Swept:
    """A home with a sweep whose trials were trained for real."""

    home: Home
    cache: Path
    specs: tuple[TrialSpec, ...]
    runs: tuple[str, ...]

    def promote(self, **changes: object) -> PromotionReport:
        return promote("night", Quiet(), environ={}, home=str(self.home.root), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """Trial 0 learned nothing, trial 1 is the best, 2 was pruned, 3 failed, 4 was not kept."""
    home = Home(tmp_path_factory.mktemp("home"))
    paths = home.sweep("night")
    cache = small_cache("segmentation", home.cache, n_train=10, n_val=8)
    digest = read_info(cache).digest
    store = home_store(home.root)
    specs, results, runs = [], [], []
    for number, status in enumerate(
        (Status.COMPLETE, Status.COMPLETE, Status.PRUNED, Status.FAILED, Status.COMPLETE)
    ):
        spec = a_spec_of(number, paths.trials, cache=cache, digest=digest)
        checkpoint, value = None, 0.01 * number
        if number in {0, 1}:
            lr, epochs = ((1e-5, 1), (1e-2, 10))[number]
            request = a_request(
                "segmentation",
                cache,
                Path(spec.folder),
                epochs=epochs,
                params={"lr": lr, "batch_size": 4},
                checkpoint=Path(spec.folder) / "best.pt",
            )
            value = trained(request)[0].metrics[MIOU.metric]
            checkpoint = str(request.checkpoint)
        reason = "" if status is not Status.FAILED else "nan_loss: after epoch 1"
        specs.append(spec)
        results.append(a_result(spec, value, status=status, reason=reason, checkpoint=checkpoint))
        tags = {"sweep.kind": "trial", "sweep.name": "night", "sweep.trial_uid": spec.trial_uid}
        runs.append(
            store.client.create_run(store.experiment_id, tags=tags, run_name=spec.run_name).info.run_id
        )
    written(paths.spool, specs, results)
    config = {
        "task": "segmentation",
        "data": "demo",
        "image_size": [64, 48],
        "metric": MIOU.metric,
        "space": {"name": "demo_segmentation"},
        "space_source": "demo_segmentation",
        "keep": 2,
    }
    write_text(paths.config, json.dumps(config))
    return Swept(home, cache, tuple(specs), tuple(map(str, runs)))


def a_spec_of(number: int, trials: Path, *, cache: Path, digest: str) -> TrialSpec:
    return TrialSpec(
        trial_uid=f"promote-{number}",
        slot=number,
        number=number,
        task="segmentation",
        trainer="torch",
        model="tiny_unet",
        params={},
        seed=5,
        until_epoch=1,
        objectives=(MIOU,),
        folder=str(trials / f"trial-{number:03d}"),
        data_ref=str(cache),
        digest=digest,
    )


def written(spool: Path, specs: list[TrialSpec], results: list[TrialResult]) -> None:
    """The sweep's own record, as its coordinator wrote it."""
    record = SweepRecord(name="night", task="segmentation", objective=MIOU, config="{}")
    told = [record, *specs, *results]
    spool.parent.mkdir(parents=True, exist_ok=True)
    spool.write_text("".join(f"{Event(number, one).to_line()}\n" for number, one in enumerate(told)))


# What cannot be promoted


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (2, "--trial 2: trial-002 of night is pruned; complete trials with a checkpoint, the best first: tr"),
        (3, "--trial 3: trial-003 of night is failed (nan_loss: after epoch 1); complete"),
        (9, "--trial 9: sweep night has no such trial; complete trials with a checkpoint"),
        (4, "the checkpoint of trial-004 is neither in"),
    ],
)
def test_trial_that_cannot_be_promoted_exits_2_with_those_that_can(
    swept: Swept, number: int, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        swept.promote(trial=number)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


def test_unknown_sweep_is_answered_with_the_near_one(swept: Swept) -> None:
    done = run_here("promote", "nigth", "--home", str(swept.home.root), folder=swept.home.root)
    assert (done.returncode, "did you mean night" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", [("models",), ("history", "rccar-segmentation"), ("rollback", "rccar-x")])
def test_home_without_a_database_is_said_so_and_not_made(
    cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = cli(*command, "--home", str(tmp_path / "typo"))
    assert done.returncode == 2
    assert "holds no MLflow database" in done.stderr
    assert not (tmp_path / "typo").exists()


def test_sweep_without_a_complete_trial_says_how_they_ended(swept: Swept, tmp_path: Path) -> None:
    home = Home(tmp_path)
    paths = home.sweep("night")
    write_text(paths.config, swept.home.sweep("night").config.read_text())
    failed = a_result(swept.specs[0], None, status=Status.FAILED, reason="nan_loss: after epoch 1")
    pruned = a_result(swept.specs[1], 0.1, status=Status.PRUNED)
    written(paths.spool, list(swept.specs[:2]), [failed, pruned])
    with pytest.raises(
        InputError, match=r"no completed trial: 1 failed, 1 pruned \(nan_loss: after epoch 1\)"
    ):
        promote("night", Quiet(), environ={}, home=str(tmp_path))


def test_stand_in_makes_no_model(swept: Swept, tmp_path: Path) -> None:
    home = Home(tmp_path)
    paths = home.sweep("night")
    write_text(paths.config, swept.home.sweep("night").config.read_text())
    spec = dataclasses.replace(swept.specs[0], trainer="stand_in")
    written(paths.spool, [spec], [a_result(spec, 0.5)])
    with pytest.raises(InputError, match="the trainer stand_in makes no model"):
        promote("night", Quiet(), environ={}, home=str(tmp_path))


def test_trial_whose_run_has_not_arrived_is_to_be_delivered_first(swept: Swept, tmp_path: Path) -> None:
    home = Home(tmp_path)
    paths = home.sweep("night")
    write_text(paths.config, swept.home.sweep("night").config.read_text())
    spec = dataclasses.replace(swept.specs[1], trial_uid="not-arrived")
    written(paths.spool, [spec], [a_result(spec, 0.5)])
    uri = f"sqlite:///{swept.home.root / 'mlflow.db'}"
    with pytest.raises(InputError, match=r"is not in MLflow yet; deliver it with: sweep resume night"):
        promote("night", Quiet(), environ={}, home=str(tmp_path), tracking_uri=uri)


# What can


def test_best_trial_is_packaged_judged_and_promoted_and_its_missing_checkpoint_is_brought_first(
    swept: Swept,
) -> None:
    client = home_store(swept.home.root).client
    worse, best = swept.runs[:2]
    client.set_tag(best, "artifact", "missing")
    report = swept.promote()
    assert (report.trial, report.exit_code) == ("trial-001", 0)
    assert report.found.why.endswith("as the first champion")
    assert "artifact" not in client.get_run(best).data.tags
    assert {item.path for item in client.list_artifacts(best, "checkpoints")} == {
        "checkpoints/best.pt",
        "checkpoints/best.json",
    }
    # From now on MLflow's copy is enough, and the frames can be decoded again.
    local = Path(swept.specs[1].folder) / "best.pt"
    registry = open_registry(
        f"sqlite:///{swept.home.root / 'mlflow.db'}",
        artifacts=swept.home.artifacts,
        init_lock=swept.home.mlflow_lock,
        registry_lock=swept.home.registry_lock,
    )
    found = registry.checkpoints.download(best, into=swept.home.root / "downloaded")
    assert found is not None
    assert found.read_bytes() == local.read_bytes()
    assert checkpoints.load(found)[1].task == "segmentation"

    again = run_here("promote", "night", "--home", str(swept.home.root), folder=swept.home.root)
    assert (again.returncode, "trial-001 is in Production already" in again.stdout) == (0, True)

    refused = swept.promote(trial=0)
    assert (refused.exit_code, refused.found.champion.version) == (3, "2")
    assert refused.found.why.startswith("champion kept: miou ")
    assert "over 8 validation images" in refused.found.why
    assert refused.to_dict()["forced"] is False
    assert registry.standing("rccar-demo-segmentation").champion == "1"
    config = swept.home.sweep("night").config
    write_text(config, json.dumps(json.loads(config.read_text()) | {"max_size_mb": 0.001}))
    too_large = swept.promote(trial=0)
    assert (too_large.exit_code, too_large.to_dict()["gate"]["rule"]) == (3, "size")  # type: ignore[index]
    assert client.list_artifacts(worse, "checkpoints")


def test_trial_marked_as_missing_without_any_copy_is_refused(swept: Swept) -> None:
    client = home_store(swept.home.root).client
    client.set_tag(swept.runs[4], "artifact", "missing")
    with pytest.raises(InputError, match="the checkpoint of trial-004 is neither in"):
        swept.promote(trial=4)


@pytest.mark.parametrize("command", ["promote", "rollback", "models", "history"])
def test_help_of_each_command_has_an_example(cli: Cli, command: str) -> None:
    done = cli(command, "--help")
    assert done.returncode == 0
    assert f"Example: sweep {command}" in done.stdout
