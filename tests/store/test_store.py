"""A directory of runs lists every run and finds each by what users call it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gage._internal.clock import make_id
from gage._internal.errors import GagefileError, RunNotFound, StoreError
from gage._internal.record.run_meta import write_timestamp
from gage._internal.staging.staging import make_run
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.store import find_run, is_run_id, list_runs, make_home, runs_home
from gage._internal.types import Run
from tests.making import initialized, meta, staged


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def run_with_id(home: Path, run_id: str, initialized_us: int) -> Run:
    run = make_run(str(home), run_id)
    write_timestamp(run, "initialized", initialized_us)
    return run


# Which directory


def test_the_environment_names_the_directory(
    project: Path, monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    (project / "gage.toml").write_text('"$runs-dir" = "elsewhere"\n')
    monkeypatch.setenv("GAGE_RUNS", str(store))

    assert runs_home() == str(store)


def test_a_home_in_the_environment_is_the_user_s(
    project: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("GAGE_RUNS", "~/my runs")

    assert runs_home() == f"{home}/my runs"


@pytest.mark.parametrize(
    ("text", "expected"),
    [('"$runs-dir" = "kept/runs"\n', "kept/runs"), ("[a]\nexec = 'true'\n", ".gage/runs")],
    ids=["named", "default"],
)
def test_a_gage_file_has_its_runs_beside_it(project: Path, text: str, expected: str) -> None:
    (project / "gage.toml").write_text(text)
    (project / "deep" / "er").mkdir(parents=True)

    assert runs_home(str(project / "deep" / "er")) == str(project / expected)


def test_without_a_gage_file_runs_are_in_the_user_s_home(project: Path, home: Path) -> None:
    assert runs_home() == f"{home}/.gage/runs"


def test_a_broken_gage_file_that_names_a_directory_is_said(project: Path) -> None:
    (project / "gage.toml").write_text('"$runs-dir" = \n')

    with pytest.raises(GagefileError, match=r"gage\.toml"):
        runs_home()


# Listing


def test_a_directory_that_is_not_there_has_no_runs(store: Path) -> None:
    assert list_runs(str(store)) == []


def test_runs_are_listed_the_newest_first(store: Path) -> None:
    runs = [run_with_id(store, make_id(), time_us) for time_us in (30, 10, 20)]

    assert [run.id for run in list_runs(str(store))] == [runs[i].id for i in (0, 2, 1)]


def test_runs_of_one_moment_have_an_order(store: Path) -> None:
    ids = {run_with_id(store, make_id(), 1).id for _ in range(5)}

    assert [run.id for run in list_runs(str(store))] == sorted(ids, reverse=True)


def test_what_is_no_run_is_not_listed(store: Path) -> None:
    run = initialized(store)
    for name in ("notes.txt", "tmp", make_id().upper(), f"{make_id()}.bak", "x.meta"):
        (store / name).mkdir()

    assert [found.id for found in list_runs(str(store))] == [run.id]


def test_half_a_run_is_listed_with_what_is_missing(store: Path) -> None:
    without_meta, without_dir = staged(store), staged(store)
    shutil.rmtree(without_meta.meta_dir)
    shutil.rmtree(without_dir.run_dir)

    found = {run.id: run.full_status for run in list_runs(str(store))}

    assert {status.name for status in found.values()} == {"damaged"}
    assert "side-car is missing" in found[without_meta.id].reason
    assert "run directory is missing" in found[without_dir.id].reason


def test_a_damaged_time_does_not_hide_a_run(store: Path) -> None:
    run, other = staged(store), staged(store)
    meta(run, "initialized").write_text("nonsense")
    meta(other, "initialized").unlink()

    assert {found.id for found in list_runs(str(store))} == {run.id, other.id}


def test_a_home_that_is_a_file_is_said(store: Path) -> None:
    store.write_text("")

    with pytest.raises(StoreError, match="Expected a directory of runs; name another"):
        list_runs(str(store))


def test_a_moved_home_lists_the_same_runs(store: Path) -> None:
    run = staged(store)

    store.rename(store.parent / "moved")

    (found,) = list_runs(str(store.parent / "moved"))
    assert (found.id, found.status) == (run.id, "staged")


# Finding

_IDS = (
    "60a825b1-0000-4000-8000-000000000000",  # kafom-fikud, the oldest
    "60a825b1-1111-4000-8000-000000000000",  # kafom-fikud
    "60a825ff-0000-4000-8000-000000000000",  # kafom-filuz
    "2bad0000-0000-4000-8000-000000000000",  # the newest
)


@pytest.fixture
def four(store: Path) -> str:
    for number, run_id in enumerate(_IDS):
        run_with_id(store, run_id, number)
    return str(store)


@pytest.mark.parametrize(
    ("reference", "index"),
    [
        (None, 3),
        ("", 3),
        (1, 3),
        ("4", 0),
        (" 2 ", 2),
        (_IDS[0], 0),
        ("60a825b1-1", 1),
        ("2bad", 3),
        ("kafom-filuz", 2),
        ("kafom-fil", 2),
    ],
    ids=str,
)
def test_a_run_is_found(four: str, reference: str | int | None, index: int) -> None:
    found = find_run(four, reference)

    assert isinstance(found, RecordedRun)
    assert found.id == _IDS[index]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("kafom-fikud", r"2 runs are named 'kafom-fikud': kafom-fikud \(\?, 60a825b1\)"),
        ("60a8", "3 runs are named"),
        ("5", r"no run 5: positions go from 1 \(the newest\) to 4"),
        ("0", "positions go from 1"),
        (-1, "no run named '-1'"),
        ("kafom-filus", r"Did you mean kafom-filuz"),
        ("xxxxx", r"no run named 'xxxxx' among 4 runs: `gage runs` lists them"),
        ("../runs", "no run named"),
        ("99999999-0000-4000-8000-000000000000", "no run named"),
        ("²", "no run named"),
    ],
    ids=str,
)
def test_what_is_not_found_is_said_with_near_misses(
    four: str, reference: str | int, message: str
) -> None:
    with pytest.raises(RunNotFound, match=message):
        find_run(four, reference)


def test_in_an_empty_directory_there_is_nothing_to_find(store: Path) -> None:
    with pytest.raises(RunNotFound, match="there are no runs in"):
        find_run(str(store))


def test_a_position_counts_before_a_prefix(store: Path) -> None:
    for number, run_id in enumerate(_IDS):
        run_with_id(store, run_id, number)

    assert find_run(str(store), "2").id == _IDS[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_IDS[0], True),
        (_IDS[0].replace("a", "A"), False),
        (_IDS[0][:-1], False),
        (_IDS[0].replace("-", "0"), False),
        ("x" * 36, False),
        ("", False),
    ],
    ids=repr,
)
def test_the_form_of_an_id(text: str, expected: bool) -> None:
    assert is_run_id(text) is expected


def test_git_ignores_a_directory_that_is_made_in_a_project(tmp_path: Path) -> None:
    home = tmp_path / ".gage" / "runs"

    make_run(str(home))

    assert (tmp_path / ".gage" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("name", [".gage/runs", "mine/runs"])
def test_nothing_is_added_to_a_directory_that_exists(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    home.parent.mkdir()

    make_home(str(home))
    make_home(str(home))

    assert home.is_dir()
    assert [path.name for path in home.parent.iterdir()] == ["runs"]
