"""The report of a sweep: what it says, that it needs nothing else, and that nothing in it breaks out."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest

from sweep.api.report_evidence import no_evidence
from sweep.api.report_material import material_of
from sweep.api.reporting import write_report
from sweep.api.sweeps import sweep_view
from sweep.evaluation import ClassFigures, Evaluation, FrameFigures
from sweep.history import PastTrial
from sweep.paths import Home
from sweep.records import Objective, Status, TrialResult, TrialSpec
from sweep.report.commands import run_command
from sweep.report.material import Figures, Material
from sweep.report.page import html_of, page_of
from sweep.report.pruning import pruning_facts
from sweep.wiring import Addresses
from tests.conftest import run_here
from tests.report_page import SECTIONS, ReportPage

STAND_IN = ("run", "--trainer", "stand_in", "--workers", "1", "--report")
EVIL = "</script><script>window.broken=1</script>"
SECRET = "postgresql://me:hunter2@server/db"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sweep of pruned and failed trials, and one in which nothing completed."""
    folder = tmp_path_factory.mktemp("report")
    faults = ("--set", "fault=raise", "--set", "fault_share=0.2", "--max-failures", "50")
    words = ("--task", "segmentation", "--trials", "24", "--name", "mixed", "--json", *faults)
    assert run_here(*STAND_IN, *words, folder=folder).returncode == 0
    words = ("--task", "detection", "--trials", "2", "--name", "broken", "--json", "--set", "fault=raise")
    assert run_here(*STAND_IN, *words, folder=folder).returncode == 1
    return folder


@pytest.fixture
def page(root: Path) -> ReportPage:
    return ReportPage((root / "mlruns/sweeps/mixed/report.html").read_text())


@pytest.fixture
def material(root: Path) -> Material:
    home = Home.at(root / "mlruns")
    view = sweep_view("mixed", str(home.root))
    addresses = Addresses(tracking_uri=home.mlflow_url, storage=home.optuna_url)
    return material_of(view, home, addresses=addresses, evidence=no_evidence("", "nobody looked"))


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    names = ("road", EVIL, "cone")
    return Evaluation(
        trial_uid="x",
        run_name="trial-000",
        task="segmentation",
        model="tiny_unet",
        metric="miou_segmentation",
        value=0.61,
        low=0.55,
        high=0.67,
        n_images=12,
        classes=tuple(
            ClassFigures(name=name, n_true=100, figures={"iou": iou, "dice": iou})
            for name, iou in zip(names, (0.9, 0.2, 0.7), strict=True)
        ),
        confusion=((9, 1, 0), (1, 8, 1), (0, 2, 8)),
        confusion_names=names,
        frames=(FrameFigures(name=EVIL, group="worst", rank=1, score=0.1, picture="a.png"),),
        latency_ms=12.5,
        latency_threads=1,
        image_size=(128, 96),
    )


@pytest.mark.slow
def test_report_has_every_section_and_says_what_the_summary_says(root: Path, page: ReportPage) -> None:
    view = sweep_view("mixed", str(root / "mlruns"))
    assert view.summary.best is not None
    assert view.summary.gain is not None
    assert page.ids >= SECTIONS
    assert f"miou {view.summary.best[1].value:.4f}" in page.text
    assert f"{view.summary.gain:+.4f}" in page.text
    assert "the trainer stand_in makes no model" in page.text
    assert "done: all 24 trials ended" in page.text
    for trial in view.trials:
        assert trial.spec.run_name in page.text
    assert "RuntimeError: the stand-in was told to raise" in page.text


@pytest.mark.slow
def test_report_asks_nothing_of_any_network(root: Path) -> None:
    page = ReportPage((root / "mlruns/sweeps/mixed/report.html").read_text())
    assert {link.partition(":")[0].partition("#")[0] for link in page.links} <= {"", "data"}


@pytest.mark.slow
def test_pruning_is_judged_with_what_it_saved(page: ReportPage) -> None:
    assert re.search(r"\d+ trials? ended early, which saved about .* of training", page.text)


@pytest.mark.slow
def test_report_and_narrowed_space_are_logged_on_the_sweeps_own_run(root: Path) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlruns/mlflow.db")
    experiment = client.get_experiment_by_name("autonomous_vehicle")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id], "tags.mlflow.runName = 'mixed'")
    logged = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"report.html", "next_space.yaml"} <= logged


@pytest.mark.slow
def test_sweep_without_a_completed_trial_has_a_report_that_says_so(root: Path) -> None:
    page = ReportPage((root / "mlruns/sweeps/broken/report.html").read_text())
    assert page.ids >= SECTIONS
    assert "There is no best model: no completed trial: 2 failed" in page.text
    assert "There is no narrower search space: no trial completed" in page.text
    assert not (root / "mlruns/sweeps/broken/next_space.yaml").exists()


@pytest.mark.slow
def test_summary_names_the_report_and_without_it_there_is_none(root: Path) -> None:
    words = ("--task", "segmentation", "--trials", "1")
    told = run_here(*STAND_IN, *words, "--name", "told", folder=root)
    assert f"{root}/mlruns/sweeps/told/report.html" in told.stdout
    quiet = run_here(*STAND_IN, "--no-report", *words, "--name", "untold", "--json", folder=root)
    assert json.loads(quiet.stdout)["report"] is None
    assert not (root / "mlruns/sweeps/untold/report.html").exists()


@pytest.mark.slow
def test_command_writes_where_it_is_told_and_privately(root: Path, tmp_path: Path) -> None:
    done = run_here("report", "mixed", "--out", str(tmp_path / "new" / "a.html"), folder=root)
    assert done.returncode == 0, done.stderr
    file = tmp_path / "new" / "a.html"
    assert f"report: {file}" in done.stdout
    assert file.stat().st_mode & 0o077 == 0
    found = json.loads(run_here("report", "mixed", "--json", folder=root).stdout)
    assert found == {"report": f"{root}/mlruns/sweeps/mixed/report.html"}


@pytest.mark.slow
def test_command_answers_an_unknown_name_with_the_near_one(root: Path) -> None:
    done = run_here("report", "mixt", folder=root)
    assert done.returncode == 2
    assert "did you mean mixed?" in done.stderr
    folder = run_here("report", "mixed", "--out", str(root), folder=root)
    assert folder.returncode == 2
    assert "is a folder" in folder.stderr


@pytest.mark.slow
def test_report_is_written_where_both_databases_are_gone(root: Path, tmp_path: Path) -> None:
    home = tmp_path / "mlruns"
    shutil.copytree(root / "mlruns/sweeps", home / "sweeps")
    page = ReportPage(write_report("mixed", home=str(home)).read_text())
    assert "Not shown: Optuna's storage could not be read" in page.text
    assert page.ids >= SECTIONS


@pytest.mark.slow
def test_what_users_named_is_text_and_passwords_are_hidden(
    material: Material, evaluation: Evaluation
) -> None:
    figure = json.dumps(
        {"data": [{"x": [1], "name": f"{EVIL} {SECRET}"}], "layout": {"title": {"text": EVIL}}}
    )
    trials = [
        dataclasses.replace(one, result=dataclasses.replace(one.ending, reason=f"{EVIL}: {SECRET}"))
        if one.ending.status is Status.FAILED
        else one
        for one in material.trials
    ]
    told = dataclasses.replace(
        material,
        evaluation=evaluation,
        trials=trials,
        record=dataclasses.replace(
            material.record, data_source=f"/data/{EVIL}", data_digest="abc", classes=("road", EVIL, "cone")
        ),
        figures=Figures(by_name=dict.fromkeys(("history", "confusion"), figure)),
        pictures={"a.png": "data:image/png;base64,AAAA"},
        notes={"sweep.not_promoted": f"{EVIL} {SECRET}"},
    )
    text = html_of(page_of(told))
    assert "<script>window.broken" not in text
    assert "hunter2" not in text
    page = ReportPage(text)
    assert EVIL in page.text
    (drawn,) = {one for one in page.scripts if '"layout"' in one and "Plotly" not in one}
    assert EVIL in json.loads(drawn)["layout"]["title"]["text"]


@pytest.mark.slow
def test_score_comes_with_interval_latency_and_the_best_and_worst_class(
    material: Material, evaluation: Evaluation
) -> None:
    text = html_of(page_of(dataclasses.replace(material, evaluation=evaluation)))
    page = ReportPage(text)
    assert "(95% interval 0.5500 to 0.6700, 12 validation images)" in page.text
    assert "12 validation images are few" in page.text
    assert "12.5 ms" in page.text
    assert "1 thread at 128 × 96 px, measured at the sweep's end (80 frames/s)" in page.text
    assert "Best: road (IoU 0.9000)" in page.text
    assert '<tr class="best">' in text
    assert '<tr class="worst">' in text


@pytest.mark.slow
def test_latency_that_other_workers_may_have_slowed_down_says_so(
    material: Material, evaluation: Evaluation
) -> None:
    config = {**material.config, "workers": 4}
    page = page_of(dataclasses.replace(material, evaluation=evaluation, config=config))
    said = "128 × 96 px, measured at the sweep's end, perhaps beside other workers"
    assert ReportPage(html_of(page)).text.count(said) == 2  # the tile and the line


@pytest.mark.slow
def test_command_to_do_it_again_has_every_flag_that_is_not_usual(page: ReportPage) -> None:
    found = re.search(r"sweep run --task segmentation --trials 24 .*?--set fault_share=0.2", page.text)
    assert found is not None
    again = found[0].split()
    for words in ("--trainer stand_in", "--workers 1", "--max-failures 50", "--set fault=raise"):
        assert words in found[0]
    assert "--seed" not in again
    assert "--home" not in again


@pytest.mark.slow
def test_commands_name_a_home_that_they_would_not_find(
    root: Path, material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = dataclasses.replace(material, state="cut")
    there = ReportPage(html_of(page_of(cut))).text
    home = root / "mlruns"
    assert f"`sweep resume mixed --home {home}` goes on with it" in there
    assert f"sweep resume mixed --home {home} --extra 25" in there
    for space in ("", "next.yaml"):
        assert run_command(cut, space=space).endswith(f" --home {home}")
        assert run_command(cut, space=space) in there.replace(cut.next.file, "next.yaml")
    monkeypatch.chdir(root)
    assert "`sweep resume mixed` goes on with it" in ReportPage(html_of(page_of(cut))).text
    assert "--home" not in run_command(cut)


def _trial(number: int, values: dict[int, float], status: Status, *, until: int = 4) -> PastTrial:
    objective = Objective("miou_segmentation", maximise=True)
    spec = TrialSpec(
        trial_uid=str(number),
        slot=number,
        number=number,
        task="segmentation",
        trainer="stand_in",
        model="tiny_unet",
        params={},
        seed=0,
        until_epoch=until,
        objectives=(objective,),
        folder="",
    )
    epochs = max(values, default=0)
    result = TrialResult(
        trial_uid=str(number),
        status=status,
        value=max(values.values(), default=None),
        epochs=epochs,
        train_time_s=2.0 * epochs,
    )
    return PastTrial(spec, values=values, result=result)


def test_pruned_trial_that_was_ahead_is_found_and_time_saved_is_by_its_own_pace() -> None:
    complete = [
        _trial(number, {1: 0.1 * number, 2: 0.1 * number, 4: 0.2 * number}, Status.COMPLETE)
        for number in range(1, 5)
    ]
    behind = _trial(8, {1: 0.05, 2: 0.1}, Status.PRUNED)
    ahead = _trial(9, {1: 0.45}, Status.PRUNED)
    facts = pruning_facts([*complete, behind, ahead], Objective("miou_segmentation", maximise=True))
    assert [one.run_name for one in facts.ahead] == ["trial-009"]
    assert (facts.ahead[0].epoch, facts.ahead[0].value, facts.ahead[0].standing) == (1, 0.45, 0.4)
    assert not facts.near
    # Two seconds an epoch: two epochs of the first are missing, three of the second.
    assert (facts.n_pruned, facts.n_judged, facts.saved_s) == (2, 2, 10.0)
    assert facts.spent_s == 4 * 8.0 + 4.0 + 2.0
