"""A summary has what its run said; nothing wrong in it makes the run fail."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from gage._internal.errors import MetaError
from gage._internal.metrics.summary import finalize_summary
from gage._internal.metrics.summary_file import read_full_summary, read_summary
from gage._internal.record.run_meta import meta_opdef
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import Run
from tests.making import ended
from tests.reporting import new_run, run_program, write_output


@pytest.fixture
def run(runs_home: Path) -> Run:
    return new_run(runs_home)


def leave(run: Run, data: object, name: str = "summary.json") -> None:
    text = data if isinstance(data, str) else json.dumps(data)
    Path(run.run_dir, name).write_text(text)


def finalized(run: Run) -> dict[str, dict[str, Any]]:
    finalize_summary(run, meta_opdef(run))
    return read_summary(run)


def warnings(run: Run) -> list[str]:
    lines = Path(run.meta_dir, "log", "runner").read_text().splitlines()
    return [line.split("Warning: ")[1] for line in lines if "Warning: " in line]


def test_run_without_metrics_has_no_summary(run: Run) -> None:
    assert finalized(run) == {"metrics": {}, "attributes": {}}
    assert not Path(run.meta_dir, "summary.json").exists()


def test_metrics_and_attributes_of_the_run_are_kept(run: Run) -> None:
    leave(run, {"metrics": {"acc": 0.9, "n": 3}, "attributes": {"data": "v2", "ok": True}})

    assert finalized(run) == {
        "metrics": {"acc": 0.9, "n": 3},
        "attributes": {"data": "v2", "ok": True},
    }


def test_fields_of_values_are_kept(run: Run) -> None:
    said = {
        "metrics": {"acc": {"value": 0.9, "label": "Accuracy", "unit": None}},
        "attributes": {"a": {"value": 1.1, "color": "green", "shades": ["dark"]}},
    }
    leave(run, said)

    assert finalized(run) == {"metrics": {"acc": 0.9}, "attributes": {"a": 1.1}}
    assert read_full_summary(run) == said
    assert not warnings(run)


def test_warnings_are_notes(run: Run) -> None:
    leave(run, "{")

    finalized(run)

    (note,) = RecordedRun.of(run).notes
    assert note.startswith("Warning: summary.json is not read: 1:2")


@pytest.mark.parametrize(
    ("definition", "exit_code", "told"),
    [
        ({"summary": "result.json"}, 0, True),
        ({"summary": {"filename": "result.json"}}, 0, True),
        ({"summary": "result.json"}, 1, False),
        ({}, 0, False),
    ],
    ids=["named", "in a table", "the run failed", "not named"],
)
def test_a_named_summary_that_was_not_written_is_told(
    tmp_path: Path, definition: dict[str, Any], exit_code: int, told: bool
) -> None:
    run = ended(tmp_path / "runs", f"exit {exit_code}", definition)

    notes = RecordedRun.of(run).notes

    expected = "Warning: result.json: the run has not written this file, its summary"
    assert notes == ([expected] if told else [])


def test_lists_of_tables_count_as_one(run: Run) -> None:
    leave(run, {"metrics": [{"a": 1, "b": 1}, {"b": 2}], "attributes": []})

    assert finalized(run)["metrics"] == {"a": 1, "b": 2}


def test_last_values_of_all_metrics_are_in_it(run: Run) -> None:
    run_program(run, "import gage; gage.log(loss=2); gage.log(loss=1); gage.log(bad=float('nan'))")
    write_output(run, b"acc: 0.5\nacc: 0.75")

    metrics = finalized(run)["metrics"]

    assert (metrics["loss"], metrics["acc"]) == (1, 0.75)
    assert math.isnan(metrics["bad"])


def test_what_the_run_says_itself_has_the_last_word(run: Run) -> None:
    run_program(run, "import gage; gage.log(loss=2)")
    leave(run, {"metrics": {"loss": 0.1}})

    assert finalized(run)["metrics"] == {"loss": 0.1}


@pytest.mark.parametrize(
    ("definition", "name", "text"),
    [
        ({"summary": "result.json"}, "result.json", '{"metrics": {"x": 1}}'),
        ({"summary": {"filename": "result.json"}}, "result.json", '{"metrics": {"x": 1}}'),
        ({"summary": "result.toml"}, "result.toml", "[metrics]\nx = 1\n"),
        ({"summary": "result.yaml"}, "result.yaml", "metrics:\n  x: 1\n"),
        ({"summary": "out/result.yml"}, "out/result.yml", "metrics: {x: 1}\n"),
        ({}, "summary.json", '// made by hand\n{"metrics":\n  // one\n  {"x": 1}}'),
        ({}, "summary.json", '{"metrics": /* all */ {"x": 1,},}'),
        ({}, "summary.json", '\ufeff{"metrics": {"x": 1}}'),
    ],
    ids=["string", "table", "toml", "yaml", "directory", "comments", "comma", "mark"],
)
def test_operation_names_the_file(
    runs_home: Path, definition: dict[str, Any], name: str, text: str
) -> None:
    run = new_run(runs_home, definition)
    Path(run.run_dir, name).parent.mkdir(exist_ok=True)
    leave(run, text, name)

    assert finalized(run)["metrics"] == {"x": 1}


@pytest.mark.parametrize(
    ("data", "warning"),
    [
        ("{", "summary.json is not read: 1:2: malformed JSON: expected a key"),
        ("[" * 100_000, "nested too deeply"),
        ([1], "expected a table of keys and values, found a list"),
        ({"loss": 1}, "expected metrics and attributes, found 'loss': left out"),
        ({"metrics": 3}, "expected a table for metrics, found 3"),
        ({"metrics": {"x": "high"}}, "metrics: x: expected a number, found 'high'"),
        ({"metrics": {"x": True}}, "metrics: x: expected a number, found True"),
        ({"metrics": {"x": {"label": "L"}}}, "expected a table with value, found 'label'"),
        ({"metrics": {"x": {"value": "s", "unit": "s"}}}, "expected a number, found 's'"),
        ({"attributes": {"x": [1]}}, "expected a string, number or boolean, found a list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_told_and_the_rest_kept(run: Run, data: object, warning: str) -> None:
    run_program(run, "import gage; gage.log(loss=2)")
    leave(run, data)

    summary = finalized(run)

    assert summary == {"metrics": {"loss": 2}, "attributes": {}}
    (told,) = warnings(run)
    assert re.search(warning, told), told


@pytest.mark.parametrize(
    ("name", "text"), [("s.toml", "x ="), ("s.yaml", "a: [")], ids=["toml", "yaml"]
)
def test_other_formats_tell_their_faults(runs_home: Path, name: str, text: str) -> None:
    run = new_run(runs_home, {"summary": name})
    leave(run, text, name)

    finalize_summary(run, meta_opdef(run))

    (told,) = warnings(run)
    assert told.startswith(f"{name} is not read: ")


@pytest.mark.parametrize("value", [b"\xff{}", None], ids=["not UTF-8", "a directory"])
def test_file_that_cannot_be_read_fails_nothing(run: Run, value: bytes | None) -> None:
    path = Path(run.run_dir, "summary.json")
    path.mkdir() if value is None else path.write_bytes(value)

    finalize_summary(run, meta_opdef(run))

    (told,) = warnings(run)
    assert told.startswith("summary.json is not read: ")


def test_metrics_of_another_version_fail_nothing(run: Run) -> None:
    path = Path(run.meta_dir, "metrics", "1-1")
    path.parent.mkdir()
    path.write_text("gage-metrics 3\n")
    leave(run, {"metrics": {"x": 1}})

    assert finalized(run)["metrics"] == {"x": 1}
    (told,) = warnings(run)
    assert "expected 'gage-metrics 2'" in told


def test_null_is_no_value(run: Run) -> None:
    leave(run, {"metrics": {"x": None}, "attributes": {"y": None}})

    assert finalized(run) == {"metrics": {"x": None}, "attributes": {"y": None}}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"metrics": {"x": "y"}, "attributes": {}}'])
def test_damaged_summary_of_the_side_car_is_an_error(run: Run, text: str) -> None:
    Path(run.meta_dir, "summary.json").write_text(text)

    with pytest.raises(MetaError, match="expected metrics and attributes"):
        read_summary(run)
