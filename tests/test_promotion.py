"""The way into Production and back, against real SQLite stores: killed anywhere, at once, forced, undone."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from sweep import promotion
from sweep.errors import InputError, PromotionError, UnavailableError
from sweep.judgement import Judgement, JudgeRequest
from sweep.ledger import Deed, Entry, predecessors, reigns
from sweep.promotion import (
    Candidate,
    Promotion,
    promote_best,
    promote_version,
    registered_candidate,
    roll_back,
)
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.store import Store, open_store
from tests.dying import (
    DEAD,
    a_question,
    by_weights,
    home_registry,
    home_store,
    in_child,
    promote_together,
    side_by_side,
    walk_and_die,
)
from tests.mlflow_server import MlflowServer
from tests.registering import NAMES, a_candidate, in_production, promoted, versions_of
from tests.unreliable import with_fault

pytestmark = pytest.mark.long

N_REGISTRATION = len(promotion.REGISTRATION)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def store(home: Path) -> Store:
    return home_store(home)


@pytest.fixture
def registry(home: Path, store: Store) -> ModelRegistry:
    return ModelRegistry(lambda: store, registry_lock=home / "registry.lock")


@pytest.fixture
def name() -> str:
    """A registered model of this test's own."""
    return f"rccar-test-{next(NAMES)}"


def scored(store: Store, folder: Path, name: str, value: float, digest: str = "d" * 64) -> Candidate:
    return a_candidate(store, folder, name, str(value), value=value, digest=digest)


def put_forward(registry: ModelRegistry, candidate: Candidate, **changes: Any) -> Promotion:
    return promote_best(registry, candidate, a_question(candidate, **changes), judge=by_weights)


def again(candidate: Candidate) -> Candidate:
    """What a new process knows of it."""
    return Candidate(
        model=candidate.model, package=candidate.package, spec=candidate.spec, run_id=candidate.run_id
    )


def ledger_of(registry: ModelRegistry, name: str) -> list[tuple[str, str, str | None]]:
    return [(entry.version, entry.deed.value, entry.replaced) for entry in registry.standing(name).entries]


# The gate on the way


def test_better_model_replaces_the_champion_and_the_ledger_says_on_what_evidence(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    found = put_forward(registry, scored(store, tmp_path, name, 0.6))
    assert (found.champion.version, found.champion.promoted, found.champion.replaced) == ("2", True, "1")
    assert in_production(store, name) == ("2", ["2"])
    first, second = registry.standing(name).entries
    assert (first.number, first.version, first.deed, first.replaced) == (1, "1", Deed.PROMOTED, None)
    assert (second.number, second.version, second.by, second.sweep, second.trial) == (
        2,
        "2",
        "me@here",
        "track",
        "trial-003",
    )
    assert second.evidence is not None
    assert (second.evidence.value, second.evidence.champion_value) == (0.6, 0.5)
    assert (second.evidence.n_images, second.evidence.ground) == (30, "same data")
    assert second.evidence.low == pytest.approx(0.05)
    assert second.evidence.digest == "d" * 64


def test_model_within_noise_stays_registered_with_the_evidence_in_its_tags(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    found = put_forward(registry, scored(store, tmp_path, name, 0.53))
    assert (found.champion.version, found.champion.promoted) == ("2", False)
    assert found.why.startswith("champion kept: miou 0.5300 against 0.5000 of version 1 over 30")
    assert in_production(store, name) == ("1", ["1"])
    tags = versions_of(store, name)["2"].tags
    assert tags["sweep.gate"] == "kept: better"
    assert tags["sweep.gate_why"] == found.why
    assert '"champion_value": 0.5' in tags["sweep.evidence"]
    assert ledger_of(registry, name) == [("1", "promoted", None)]


def test_forced_promotion_is_recorded_as_such(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    candidate = scored(store, tmp_path, name, 0.4)
    assert not put_forward(registry, candidate).champion.promoted
    found = put_forward(registry, again(candidate), force=True)
    assert (found.is_forced, found.champion.promoted, found.champion.version) == (True, True, "2")
    assert ledger_of(registry, name) == [("1", "promoted", None), ("2", "forced", "1")]
    evidence = registry.standing(name).entries[-1].evidence
    assert evidence is not None
    assert evidence.why.startswith("against the gate: miou 0.4000 against 0.5000")
    assert versions_of(store, name)["2"].tags["sweep.gate"] == "forced"


def test_force_brings_nothing_into_production_that_cannot_be_loaded(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = scored(store, tmp_path, name, 0.4)

    def broken(request: JudgeRequest) -> Judgement:
        return Judgement(trial_uid=request.trial_uid, reason="exception: PackageError: torn")

    found = promote_best(registry, candidate, a_question(candidate, force=True), judge=broken)
    assert not found.champion.promoted
    assert found.why.startswith("not promoted: the model cannot be loaded")
    assert in_production(store, name) == (None, [])


def test_force_that_was_not_needed_is_not_recorded(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    found = put_forward(registry, scored(store, tmp_path, name, 0.4), force=True)
    assert (found.is_forced, ledger_of(registry, name)) == (False, [("1", "promoted", None)])


def test_without_promotion_the_model_is_registered_and_not_judged(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = scored(store, tmp_path, name, 0.4)
    found = promote_best(registry, candidate, a_question(candidate), judge=by_weights, promote=False)
    assert (found.champion.version, found.champion.promoted, found.decision) == ("1", False, None)


def test_champion_put_forward_again_stays_and_the_ledger_does_not_grow(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = scored(store, tmp_path, name, 0.5)
    put_forward(registry, candidate)
    found = put_forward(registry, again(candidate))
    assert (found.champion.version, found.champion.promoted, found.decision) == ("1", True, None)
    assert ledger_of(registry, name) == [("1", "promoted", None)]


def test_registered_version_of_a_trial_is_found_unless_its_files_are_gone(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = scored(store, tmp_path, name, 0.5)
    promotion.walk(registry, candidate, steps=promotion.REGISTRATION)
    uid = str(candidate.spec and candidate.spec.trial_uid)
    found = registered_candidate(registry, name, uid)
    assert found is not None
    assert promote_version(registry, found, a_question(candidate), judge=by_weights).champion.version == "1"
    assert registered_candidate(registry, name, "another") is None
    shutil.rmtree(files_of(store, name, "1"))
    assert registered_candidate(registry, name, uid) is None


# A champion that is not what it was


def files_of(store: Store, name: str, version: str) -> Path:
    return Path(str(versions_of(store, name)[version].source).removeprefix("file://"))


@pytest.mark.parametrize("fault", ["gone", "altered"])
def test_champion_whose_files_are_damaged_is_no_rival_and_said_so(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str, fault: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.9))
    files = files_of(store, name, "1")
    if fault == "gone":
        shutil.rmtree(files)
    else:
        (files / "data" / "weights.bin").write_text("0.95")
    found = put_forward(registry, scored(store, tmp_path, name, 0.4))
    assert found.champion.promoted
    assert found.decision is not None
    words = "are gone from" if fault == "gone" else "is not what was registered"
    assert words in found.why
    assert found.decision.notes[0].startswith("version 1 in Production cannot be used: ")
    assert found.decision.evidence.ground == "no rival"


def test_deleted_champion_is_never_answered_with_the_latest_and_the_ledger_remembers_it(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    for value in (0.5, 0.7):
        put_forward(registry, scored(store, tmp_path, name, value))
    store.client.delete_model_version(name, "2")
    for uri in (name, f"models:/{name}/Production"):
        with pytest.raises(
            InputError, match=rf"Version 2, in Production since .*deleted.*sweep rollback {name}"
        ):
            registry.load(uri)
    assert registry.standing(name).lost == "2"
    found = put_forward(registry, scored(store, tmp_path, name, 0.4))
    assert found.why.endswith("without a rival: version 2, which the ledger has in Production, was deleted")
    assert ledger_of(registry, name)[-1] == (found.champion.version, "promoted", None)


def test_unreachable_champion_stops_the_promotion_rather_than_being_no_rival(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.9))
    candidate = scored(store, tmp_path, name, 0.95)
    promotion.walk(registry, candidate, steps=promotion.REGISTRATION)

    calls: list[int] = []

    def down_at_the_second(call: Callable[[], Any]) -> Any:
        calls.append(1)
        if len(calls) == 2:  # the first is the candidate's own
            raise MlflowException("the server is down")
        return call()

    faulty = with_fault(store, "get_model_version_download_uri", down_at_the_second)
    cut = ModelRegistry(lambda: faulty, registry_lock=tmp_path / "registry.lock")
    with pytest.raises(UnavailableError, match="the server is down"):
        promote_version(cut, candidate, a_question(candidate), judge=by_weights)
    assert in_production(store, name) == ("1", ["1"])


def test_server_that_lost_the_champions_files_is_told_from_one_that_is_down(
    tmp_path: Path, name: str
) -> None:
    server = MlflowServer(tmp_path / "server")
    server.root.mkdir()
    server.start()
    try:
        store = open_store(server.url, artifacts=tmp_path / "artifacts", init_lock=tmp_path / "init.lock")
        registry = ModelRegistry(lambda: store, registry_lock=tmp_path / "registry.lock")
        put_forward(registry, scored(store, tmp_path, name, 0.9))
        (weights,) = server.root.rglob("weights.bin")
        shutil.rmtree(weights.parents[1])
        with pytest.raises(PromotionError, match=f"the files of {name} version 1 are gone from mlflow-artif"):
            registry.load(name, into=tmp_path / "loaded")
        found = put_forward(registry, scored(store, tmp_path, name, 0.4))
        assert (found.champion.promoted, "are gone from" in found.why) == (True, True)
    finally:
        server.kill()
    with pytest.raises(UnavailableError):
        registry.load(name, into=tmp_path / "again")


# Killed between any two steps


@pytest.mark.parametrize("n_steps", range(len(promotion.STEPS) + 1))
def test_promotion_killed_anywhere_leaves_one_whole_champion_and_is_completed_by_the_next(
    home: Path, store: Store, registry: ModelRegistry, tmp_path: Path, name: str, n_steps: int
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    candidate = scored(store, tmp_path, name, 0.8)
    assert in_child(walk_and_die, home, candidate, 0, n_steps) == DEAD
    has_moved = "alias" in {step.name for step in promotion.STEPS[:n_steps]}
    expected = "0.8" if has_moved else "0.5"
    alias, _ = in_production(store, name)
    assert alias == ("2" if has_moved else "1")
    folder = home_registry(home).load(name, into=tmp_path / "loaded")
    assert (folder / "data" / "weights.bin").read_text() == expected
    # The ledger knows of a champion as soon as there is one.
    assert registry.standing(name).entries[-1].version == alias

    found = put_forward(registry, again(candidate))
    assert (found.champion.version, found.champion.promoted) == ("2", True)
    assert registry.standing(name).pending is None
    assert in_production(store, name) == ("2", ["2"])
    assert set(versions_of(store, name)) == {"1", "2"}
    assert ledger_of(registry, name) == [("1", "promoted", None), ("2", "promoted", "1")]
    run = store.client.get_run(candidate.run_id)
    assert run.data.tags["sweep.registered_as"] == f"models:/{name}/2"


@pytest.mark.parametrize("n_steps", range(2, len(promotion.PROMOTION)))
def test_what_a_killed_promotion_left_undone_is_completed_by_the_promotion_of_another_model(
    home: Path, store: Store, registry: ModelRegistry, tmp_path: Path, name: str, n_steps: int
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    killed = scored(store, tmp_path, name, 0.7)
    in_child(walk_and_die, home, killed, 0, N_REGISTRATION + n_steps)
    put_forward(registry, scored(store, tmp_path, name, 0.9))
    has_moved = "alias" in {step.name for step in promotion.PROMOTION[:n_steps]}
    reigned = [("1", "promoted", None), ("2", "promoted", "1")] if has_moved else [("1", "promoted", None)]
    assert ledger_of(registry, name) == [*reigned, ("3", "promoted", reigned[-1][0])]
    assert in_production(store, name) == ("3", ["3"])


@pytest.mark.parametrize("n_steps", range(len(promotion.PROMOTION)))
def test_rollback_killed_anywhere_is_completed_by_the_next_and_goes_back_once(
    home: Path, store: Store, registry: ModelRegistry, tmp_path: Path, name: str, n_steps: int
) -> None:
    for _ in range(3):
        promoted(registry, a_candidate(store, tmp_path, name))
    former = Candidate(
        model=name,
        champion=registry.standing(name).as_champion("2"),
        draft=Entry(number=0, at="2026-11-24T10:00:00Z", version="2", deed=Deed.ROLLED_BACK),
    )
    assert in_child(walk_and_die, home, former, N_REGISTRATION, n_steps) == DEAD
    assert in_production(store, name)[0] in {"2", "3"}
    restored = roll_back(registry, name, by="me@here")
    assert restored.champion.version == "2"
    assert in_production(store, name) == ("2", ["2"])
    assert ledger_of(registry, name)[3:] == [("2", "rolled back", "3")]


def test_two_promotions_at_once_are_judged_against_each_other(
    home: Path, store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    candidates = [scored(store, tmp_path, name, value) for value in (0.7, 0.9)]
    assert side_by_side(promote_together, [(home, candidate) for candidate in candidates]) == [0, 0]
    alias, staged = in_production(store, name)
    assert staged == [alias]
    assert versions_of(store, name)[str(alias)].tags["sweep.value"] == "0.9"
    told = ledger_of(registry, name)
    # Either 0.7 reigned in between, or it was judged anew against 0.9 and refused.
    assert len(told) in {2, 3}
    assert told[-1][0] == alias
    assert told[-1][2] == told[-2][0]


def test_champion_that_came_meanwhile_is_the_one_that_counts(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.5))
    candidate, faster = (scored(store, tmp_path, name, value) for value in (0.7, 0.9))
    judged: list[str] = []

    def judge(request: JudgeRequest) -> Judgement:
        judged.append(request.champion)
        if len(judged) == 1:
            put_forward(registry, faster)
        return by_weights(request)

    found = promote_best(registry, candidate, a_question(candidate), judge=judge)
    assert (len(judged), found.champion.promoted) == (2, False)
    assert "against 0.9000" in found.why
    assert ledger_of(registry, name)[-1][1:] == ("promoted", "1")


def test_candidate_that_is_overtaken_again_and_again_gives_up(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    candidate = scored(store, tmp_path, name, 0.99)
    values = iter((0.1, 0.3, 0.5, 0.7))

    def judge(request: JudgeRequest) -> Judgement:
        put_forward(registry, scored(store, tmp_path, name, next(values)))
        return by_weights(request)

    with pytest.raises(PromotionError, match="came into Production 3 times while this one was judged"):
        promote_best(registry, candidate, a_question(candidate), judge=judge)


# Back


def test_rollback_goes_back_step_by_step_and_each_is_in_the_ledger(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    for value in (0.3, 0.5, 0.7):
        put_forward(registry, scored(store, tmp_path, name, value))
    assert roll_back(registry, name, by="me@here").champion.version == "2"
    restored = roll_back(registry, name, by="me@here")
    assert (restored.champion.version, restored.champion.replaced, restored.skipped) == ("1", "2", ())
    assert ledger_of(registry, name)[3:] == [("2", "rolled back", "3"), ("1", "rolled back", "2")]
    assert in_production(store, name) == ("1", ["1"])
    with pytest.raises(InputError, match=r"version 1 was the first champion, so .* To put version 3 into"):
        roll_back(registry, name, by="me@here")


def test_rollback_passes_over_what_is_gone_or_altered(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    for value in (0.1, 0.3, 0.5, 0.7):
        put_forward(registry, scored(store, tmp_path, name, value))
    (files_of(store, name, "3") / "data" / "weights.bin").write_text("0.9")
    store.client.delete_model_version(name, "2")
    restored = roll_back(registry, name, by="me@here")
    assert restored.champion.version == "1"
    assert "is not what was registered" in restored.skipped[0]
    assert restored.skipped[1] == "version 2 was deleted"


def test_rollback_without_a_whole_former_champion_changes_nothing(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    for value in (0.3, 0.5):
        put_forward(registry, scored(store, tmp_path, name, value))
    shutil.rmtree(files_of(store, name, "1"))
    with pytest.raises(InputError, match=r"no former champion can be put back; nothing was changed: .* gone"):
        roll_back(registry, name, by="me@here")
    assert in_production(store, name) == ("2", ["2"])
    assert len(ledger_of(registry, name)) == 2


def test_deleted_champion_is_replaced_by_the_one_before_it(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    for value in (0.3, 0.5):
        put_forward(registry, scored(store, tmp_path, name, value))
    store.client.delete_model_version(name, "2")
    restored = roll_back(registry, name, by="me@here")
    assert (restored.champion.version, restored.skipped) == ("1", ("version 2 was deleted",))
    assert in_production(store, name) == ("1", ["1"])


def test_champion_that_lost_its_alias_is_put_back(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.3))
    store.client.delete_registered_model_alias(name, "production")
    assert roll_back(registry, name, by="me@here").champion.version == "1"


def test_rollback_of_an_unknown_model_names_the_near_one(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    promoted(registry, a_candidate(store, tmp_path, f"{name}-cones"))
    with pytest.raises(InputError, match=f"did you mean {name}-cones"):
        roll_back(registry, f"{name}-cnes", by="me@here")
    with pytest.raises(InputError, match="no registered model"):
        roll_back(registry, "it's' OR name LIKE '%", by="me@here")


# The ledger itself


def an_entry(number: int, version: str, deed: Deed = Deed.PROMOTED, replaced: str | None = None) -> Entry:
    return Entry(
        number=number, at=f"2026-11-{number:02d}T10:00:00Z", version=version, deed=deed, replaced=replaced
    )


def test_reign_ends_when_the_next_begins() -> None:
    told = reigns([an_entry(1, "1"), an_entry(2, "3"), an_entry(3, "4")])
    assert [(reign.entry.version, reign.until) for reign in told] == [
        ("1", "2026-11-02T10:00:00Z"),
        ("3", "2026-11-03T10:00:00Z"),
        ("4", None),
    ]
    assert reigns(()) == ()


@pytest.mark.parametrize(
    ("entries", "champion", "expected"),
    [
        ([], None, ()),
        ([an_entry(1, "1")], "1", ()),
        ([an_entry(1, "1"), an_entry(2, "2")], "2", ("1",)),
        ([an_entry(1, "1"), an_entry(2, "2"), an_entry(3, "3")], "3", ("2", "1")),
        ([an_entry(1, "1"), an_entry(2, "2"), an_entry(3, "1", Deed.ROLLED_BACK)], "1", ()),
        ([an_entry(1, "1"), an_entry(2, "2"), an_entry(3, "1")], "1", ("2",)),
        ([an_entry(1, "4", replaced="2")], "4", ("2",)),
        ([an_entry(1, "1"), an_entry(2, "2")], None, ("2", "1")),
        ([an_entry(1, "1"), an_entry(2, "2")], "7", ("2", "1")),
    ],
)
def test_predecessors_are_the_champions_that_were_not_rolled_back(
    entries: list[Entry], champion: str | None, expected: tuple[str, ...]
) -> None:
    assert predecessors(entries, champion) == expected


def test_entry_that_somebody_edited_is_passed_over(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.3))
    store.client.set_registered_model_tag(name, "sweep.ledger.000009", '{"record": "Entry"')
    assert ledger_of(registry, name) == [("1", "promoted", None)]


def test_entry_of_another_machine_is_never_overwritten_and_holds_nobody_up(
    store: Store, registry: ModelRegistry, tmp_path: Path, name: str
) -> None:
    put_forward(registry, scored(store, tmp_path, name, 0.3))
    candidate = scored(store, tmp_path, name, 0.5)
    steps = [step for step in promotion.STEPS if step.name != "ledger"]
    promotion.walk(registry, candidate, steps=steps)
    # Another machine, whose lock is another, wrote the same number; this one was then killed.
    foreign = an_entry(2, "7")
    store.client.set_registered_model_tag(name, foreign.key, foreign.to_json())
    put_forward(registry, scored(store, tmp_path, name, 0.9))
    told = ledger_of(registry, name)
    assert told == [
        ("1", "promoted", None),
        ("7", "promoted", None),
        ("2", "promoted", "1"),
        ("3", "promoted", "2"),
    ]
    assert [entry.number for entry in registry.standing(name).entries] == [1, 2, 3, 4]
    entry = registry.standing(name).entries[2]
    registry.record(name, entry)
    assert ledger_of(registry, name) == told
