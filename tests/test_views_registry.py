"""Sums of registered models for pages, worked out by hand."""

import json

from sweep.ledger import Deed, Entry, Reign
from sweep.tracking.registered import Standing
from sweep.views.registry import champions, registry_lines

MIOU, LOSS = "miou_segmentation", "val_loss_segmentation"


def tags(value: float | None, *, metric: str = MIOU, digest: str = "d1", **more: str) -> dict[str, str]:
    own = {"sweep.task": "segmentation", "sweep.metric": metric, "data_digest": digest}
    judged = {} if value is None else {"sweep.value": f"{value:.6g}"}
    return own | judged | {f"sweep.{name}": text for name, text in more.items()}


def a_standing(
    versions: dict[str, dict[str, str]], champion: str | None, entries: tuple[Entry, ...] = ()
) -> Standing:
    return Standing(
        model="rccar-segmentation",
        champion=champion,
        versions=versions,
        run_ids={version: f"run-{version}" for version in versions},
        stages={version: "Production" if version == champion else "None" for version in versions},
        entries=entries,
    )


def gains(standing: Standing) -> dict[str, float | None]:
    (line,) = registry_lines([standing])
    return {version.version: version.gain for version in line.versions}


def test_line_of_a_model_has_versions_by_number_champion_and_history_the_latest_first() -> None:
    scores = json.dumps({MIOU: 0.75, "dice_segmentation": 0.875})
    about = {"name": "monday", "run_name": "trial-007", "model": "unet", "image_size": "128x96"}
    versions = {
        "9": tags(0.5), "10": tags(0.75, scores=scores, data="./track", **about), "2": tags(0.25),
    }  # fmt: skip
    first = Entry(number=1, at="2026-01-01T10:00:00", version="9", deed=Deed.PROMOTED)
    second = Entry(number=2, at="2026-01-02T10:00:00", version="10", deed=Deed.FORCED, replaced="9")
    (line,) = registry_lines([a_standing(versions, "10", (first, second))])
    assert (line.name, line.task) == ("rccar-segmentation", "segmentation")
    assert [version.version for version in line.versions] == ["10", "9", "2"]  # 10 is no text: it is above 9
    assert line.champion == line.versions[0]
    assert line.history == (Reign(second, None), Reign(first, "2026-01-02T10:00:00"))
    champion = line.champion
    assert (champion.run_id, champion.stage, champion.is_champion) == ("run-10", "Production", True)
    assert (champion.metric, champion.value, champion.gain) == (MIOU, 0.75, 0.0)
    assert champion.scores == {MIOU: 0.75, "dice_segmentation": 0.875}
    assert (champion.digest, champion.data) == ("d1", "./track")
    assert (champion.sweep, champion.trial) == ("monday", "trial-007")
    assert (champion.model, champion.image_size) == ("unet", "128x96")
    assert [version.is_champion for version in line.versions[1:]] == [False, False]


def test_gain_is_positive_where_a_version_is_better_whatever_the_direction() -> None:
    # 0.75 - 0.5 and 0.25 - 0.5
    assert gains(a_standing({"1": tags(0.5), "2": tags(0.75), "3": tags(0.25)}, "1")) == {
        "3": -0.25, "2": 0.25, "1": 0.0,
    }  # fmt: skip
    # A loss of 0.25 is 0.25 better than one of 0.5.
    losses = {"1": tags(0.5, metric=LOSS), "2": tags(0.25, metric=LOSS), "3": tags(1.0, metric=LOSS)}
    assert gains(a_standing(losses, "1")) == {"3": -0.5, "2": 0.25, "1": 0.0}


def test_gain_is_left_out_where_two_scores_say_nothing_about_each_other() -> None:
    versions = {
        "1": tags(0.5), "2": tags(0.75, digest="d2"), "3": tags(0.75, metric="dice_segmentation"),
        "4": tags(None), "5": {}, "6": tags(0.625),
    }  # fmt: skip
    nothing = dict.fromkeys("2345")
    assert gains(a_standing(versions, "1")) == nothing | {"1": 0.0, "6": 0.125}
    assert gains(a_standing(versions, "4")) == dict.fromkeys("123456")  # the champion was never judged


def test_model_without_a_champion_has_the_task_of_its_latest_version() -> None:
    versions = {"9": {"sweep.task": "detection"}, "10": tags(0.75)}
    (line,) = registry_lines([a_standing(versions, None)])
    assert (line.task, line.champion, line.history) == ("segmentation", None, ())
    assert gains(a_standing(versions, None)) == {"10": None, "9": None}
    (empty,) = registry_lines([a_standing({}, None)])
    assert (empty.task, empty.versions, empty.champion) == ("", (), None)


def test_version_that_an_older_program_registered_has_its_objective_as_its_only_score() -> None:
    (line,) = registry_lines([a_standing({"1": tags(0.5), "2": tags(None)}, "1")])
    assert [version.scores for version in line.versions] == [{}, {MIOU: 0.5}]


def test_champions_are_named_with_their_versions() -> None:
    crowned, vacant = a_standing({"3": tags(0.5)}, "3"), a_standing({"1": tags(0.5)}, None)
    assert champions(registry_lines([crowned, vacant])) == {"rccar-segmentation/3"}
