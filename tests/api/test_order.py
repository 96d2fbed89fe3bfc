"""Runs chosen by name or filter, deleted, brought back and removed for good."""

from __future__ import annotations

from pathlib import Path

import pytest

import gage
from gage._internal.api.order import deleted, find_many, purge, restore
from gage._internal.errors import OptionError, RunNotFound
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.trash import delete_run


@pytest.fixture
def two(project: Path, runs_home: Path) -> list[RecordedRun]:
    """Return two runs, labelled first and second."""
    (project / "hi.py").write_text("")
    return [gage.run("hi.py", label=label) for label in ("first", "second")]


def test_runs_are_chosen_by_name_each_once(two: list[RecordedRun]) -> None:
    first, second = two

    found = find_many([second.name, first.id, second.name])

    assert [run.id for run in found] == [second.id, first.id]


def test_runs_are_chosen_by_a_filter(two: list[RecordedRun]) -> None:
    assert [run.id for run in find_many([], "label = first")] == [two[0].id]


@pytest.mark.parametrize(("names", "where"), [([], None), ([], ""), (["1"], "label = first")])
def test_names_or_a_filter_are_expected_and_not_both(
    two: list[RecordedRun], names: list[str], where: str | None
) -> None:
    with pytest.raises(OptionError, match="expected the names of runs, or a filter"):
        find_many(names, where)


def test_one_name_that_is_wrong_chooses_nothing(two: list[RecordedRun]) -> None:
    with pytest.raises(RunNotFound, match="nothing-like-it"):
        find_many([two[0].name, "nothing-like-it"])


def test_a_run_comes_back_from_the_trash_by_name_or_as_the_last(two: list[RecordedRun]) -> None:
    first, second = two
    delete_run(first)
    delete_run(second)

    assert [run.id for run in deleted()] == [second.id, first.id]
    assert [run.id for run in restore()] == [second.id]
    assert [run.id for run in restore(first.name)] == [first.id]
    assert deleted() == []
    assert {run.id for run in gage.runs()} == {first.id, second.id}


def test_what_is_purged_cannot_come_back(two: list[RecordedRun]) -> None:
    first, second = two
    delete_run(first)

    purge(deleted(first.name))

    with pytest.raises(RunNotFound):
        restore(first.name)
    assert [run.id for run in gage.runs()] == [second.id]
