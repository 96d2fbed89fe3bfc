"""Rows of plain values: the same columns in every row, whatever state a run is in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gage._internal.record.run_meta import write_attr
from gage._internal.record.status import live_processes
from gage._internal.running.runner import start_run, stop_run
from gage._internal.staging.staging import make_run
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.reports import (
    difference_rows,
    file_rows,
    manifest_rows,
    meta_rows,
    operation_rows,
    output_rows,
    run_row,
    run_rows,
)
from gage._internal.store.store import list_runs
from tests.making import ended, initialized, meta, staged, wait_until


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def run(store: Path, project: Path) -> RecordedRun:
    (project / "a.txt").write_text("abc")
    command = "echo out; echo err >&2; echo made > made.txt; rm a.txt"
    found = RecordedRun.of(ended(store, command, project=project, COLOUR="red"))
    write_attr(found, "user", "label", "best")
    write_attr(found, "user", "tags", ["x", "y"])
    return found


def facts(run: RecordedRun) -> dict[str, Any]:
    return {row["name"]: row["value"] for row in meta_rows(run)}


# Listing


def test_a_row_of_the_listing_says_what_the_run_is(run: RecordedRun) -> None:
    row = run_row(run)

    assert (row["run"], row["id"], row["operation"]) == (run.name, run.id, "op")
    assert (row["status"], row["exit_code"], row["reason"]) == ("completed", 0, "")
    assert (row["label"], row["tags"]) == ("best", ["x", "y"])
    assert row["started_us"] == run.timestamp("started")
    assert row["duration_us"] == run.duration_us


def test_runs_of_every_state_have_the_same_columns(store: Path) -> None:
    make_run(str(store))
    initialized(store)
    staged(store)
    ended(store, "exit 1")
    for name, text in (("__schema__", "2"), ("opref", "x"), ("started", "x"), ("stopped", "")):
        meta(ended(store), name).write_text(text)
    broken = ended(store)
    meta(broken, "user").mkdir()
    meta(broken, "user", "label").write_text("{")

    rows = run_rows(list_runs(str(store)))

    assert len(rows) == 9
    assert len({tuple(row) for row in rows}) == 1
    assert [row["position"] for row in rows] == list(range(1, 10))
    assert json.loads(json.dumps(rows)) == rows


def test_a_running_run_has_the_time_so_far(store: Path) -> None:
    run = RecordedRun.of(staged(store, ["sleep", "1000"]))
    start_run(run)

    first, second = run_row(run)["duration_us"], run_row(run)["duration_us"]

    stop_run(run, grace_s=0.2)
    assert 0 < first < second


def test_a_run_that_died_has_no_duration(store: Path) -> None:
    run = RecordedRun.of(ended(store))
    wait_until(lambda: not live_processes(run))  # they end a moment after the run
    meta(run, "stopped").unlink()
    meta(run, "proc", "exit").unlink()

    row = run_row(run)

    assert (row["status"], row["duration_us"]) == ("terminated", None)


@pytest.mark.parametrize("text", ['{"tor', "3", '["a", 1]', '{"a": 1}'])
def test_a_listing_survives_labels_and_tags_of_any_kind(run: RecordedRun, text: str) -> None:
    for name in ("label", "tags"):
        Path(meta(run, "user", name)).write_text(text)

    row = run_row(run)

    assert isinstance(row["label"], str | None)
    assert all(isinstance(tag, str) for tag in row["tags"])


# One run


def test_all_facts_of_a_run_are_there(run: RecordedRun) -> None:
    write_attr(run, "sys", "git", {"commit": "abc"})

    found = facts(run)

    assert found["operation"] == "test:op"
    assert found["command"][:2] == ["sh", "-c"]
    assert found["env.COLOUR"] == "red"
    assert found["user.label"] == "best"
    assert found["sys.git"] == {"commit": "abc"}
    assert found["stopped_us"] == run.timestamp("stopped")


def test_the_facts_of_a_damaged_run_end_with_the_damage(run: RecordedRun) -> None:
    meta(run, "proc", "cmd").unlink()

    found = facts(run)

    assert "cmd" in found["damaged"]
    assert found["id"] == run.id


def test_files_are_told_in_words(run: RecordedRun) -> None:
    rows = list(file_rows(run))

    assert [(row["event"], row["type"], row["path"], row["size_bytes"]) for row in rows] == [
        ("added", "source code", "a.txt", None),
        ("deleted", "source code", "a.txt", None),
        ("added", "generated", "made.txt", 5),
    ]
    assert rows[1]["modified_us"] is None


def test_the_manifest_has_sizes_and_digests(run: RecordedRun) -> None:
    rows = list(manifest_rows(run))

    assert [(row["type"], row["path"], row["size_bytes"]) for row in rows] == [
        ("source code", "a.txt", None),
        ("generated", "made.txt", 5),
    ]
    assert all(len(row["sha256"]) == 64 for row in rows)


def test_differences_are_told_with_both_digests(run: RecordedRun) -> None:
    assert list(difference_rows(run)) == []  # what the run itself has deleted is not missing
    made = run.manifest[-1].path
    Path(run.run_dir, made).unlink()

    (row,) = difference_rows(run)

    assert (row["difference"], row["path"], row["found"]) == ("missing", made, None)
    assert len(row["expected"]) == 64


def test_output_has_a_row_for_each_line_of_each_phase(store: Path, project: Path) -> None:
    run = RecordedRun.of(
        ended(
            store,
            "echo one; printf 'two \\377'",
            {"exec": {"init-runtime": "echo ready >&2"}},
            project,
        )
    )

    rows = list(output_rows(run))

    assert [(row["phase"], row["line"], row["stream"], row["text"]) for row in rows] == [
        ("init-runtime", 0, "stderr", "ready"),
        ("run", 0, "stdout", "one"),
        ("run", 1, "stdout", "two \ufffd"),
    ]
    assert list(output_rows(run, "run", 1, 2)) == rows[2:]
    with pytest.raises(ValueError, match="unknown phase 'start': expected one of copy-sourcecode"):
        list(output_rows(run, "start"))


def test_operations_come_before_scripts_and_notebooks(project: Path) -> None:
    (project / "gage.toml").write_text('[op]\nexec = "true"\ndescription = "d\\n\\nmore"\n')
    for name in ("b.py", "a.ipynb"):
        (project / name).write_text("")

    rows = list(operation_rows())

    assert [(row["name"], row["kind"], row["description"]) for row in rows] == [
        ("op", "operation", "d"),
        ("a.ipynb", "notebook", ""),
        ("b.py", "script", ""),
    ]
