"""Two runs side by side: a planted change of any kind is named, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gage._internal.api.runs import run
from gage._internal.compare import difference
from gage._internal.compare.difference import COLUMNS, SECTIONS, diff_runs
from gage._internal.compare.difference_text import HEADINGS, summary_of
from gage._internal.store.recorded_run import RecordedRun
from tests.making import meta

TRAIN = "lr = 0.1\nprint('lr', lr)\nprint('loss: 0.5')\nopen('model', 'w').write('weights')\n"


def write(path: Path, text: str) -> None:
    path.chmod(0o644)
    path.write_text(text)


@pytest.fixture
def pair(project: Path, runs_home: Path) -> tuple[RecordedRun, RecordedRun]:
    (project / "train.py").write_text(TRAIN)
    return run("train.py"), run("train.py")


def other_digest(run: RecordedRun, kind: str, path: str) -> None:
    """Change the digest of a file in the manifest."""
    text = meta(run, "manifest").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith(f"{kind} ") and path in line]
    write(meta(run, "manifest"), text.replace(line, f"{kind} {'0' * 64} {path}"))


def differing(a: RecordedRun, b: RecordedRun) -> list[str]:
    return [name for name, rows in diff_runs(a, b).items() if rows]


def test_two_runs_of_the_same_do_not_differ(pair: tuple[RecordedRun, RecordedRun]) -> None:
    assert differing(*pair) == []


def test_a_value_differs_in_configuration_source_and_output(
    pair: tuple[RecordedRun, RecordedRun],
) -> None:
    other = run("train.py", {"lr": 0.2})

    found = diff_runs(pair[0], other)

    assert [name for name, rows in found.items() if rows] == ["config", "source", "output"]
    assert found["config"] == [{"key": "lr", "a": 0.1, "b": 0.2}]
    (source,) = found["source"]
    assert source["path"] == "train.py"
    assert "-lr = 0.1\n+lr = 0.2\n" in source["diff"]
    (line,) = found["output"]
    assert (line["line_a"], line["a"], line["line_b"], line["b"]) == (1, "lr 0.1", 1, "lr 0.2")
    assert line["time_a_ms"] == next(pair[0].output().lines()).time_ms
    assert line["time_b_ms"] == next(other.output().lines()).time_ms


@pytest.mark.parametrize(
    ("change", "section"),
    [
        pytest.param(
            lambda run: write(meta(run, "output", "40_run"), "lr 0.1\nloss: 0.5\nmore\n"),
            "output",
            id="output",
        ),
        pytest.param(
            lambda run: write(meta(run, "proc", "cmd"), "python\nother.py\n"),
            "command",
            id="command",
        ),
        pytest.param(
            lambda run: write(
                meta(run, "sys", "packages"),
                json.dumps({**run.attrs["packages"], "numpy": "0.0.1"}),
            ),
            "environment",
            id="environment",
        ),
        pytest.param(lambda run: other_digest(run, "g", "model"), "files", id="a file"),
        pytest.param(lambda run: other_digest(run, "s", "train.py"), "source", id="source code"),
        pytest.param(
            lambda run: write(meta(run, "sys", "git"), json.dumps({"commit": "0" * 40})),
            "system",
            id="system",
        ),
        pytest.param(
            lambda run: write(meta(run, "manifest"), "garbage\n"),
            "damaged",
            id="a damaged manifest",
        ),
    ],
)
def test_a_planted_change_is_named_alone(
    pair: tuple[RecordedRun, RecordedRun], change: Callable[[RecordedRun], None], section: str
) -> None:
    change(pair[1])

    assert differing(*pair) == [section]
    first, *_ = summary_of(diff_runs(*pair))
    assert first.startswith(f"differs: {HEADINGS[section].lower()} (")


def test_files_and_metrics(project: Path, pair: tuple[RecordedRun, RecordedRun]) -> None:
    (project / "train.py").write_text(TRAIN.replace("0.5", "0.25").replace("weights", "others"))
    other = run("train.py")

    found = diff_runs(pair[0], other)

    assert [(row["path"], row["type"]) for row in found["files"]] == [("model", "generated")]
    assert found["metrics"] == [{"name": "loss", "a": 0.5, "b": 0.25, "delta": -0.25}]


def test_a_bar_counts_as_it_looks_at_the_end(pair: tuple[RecordedRun, RecordedRun]) -> None:
    write(meta(pair[0], "output", "40_run"), "10%\r50%\r100%\nlast\r\n")
    write(meta(pair[1], "output", "40_run"), "20%\r100%\nother\n")

    rows = diff_runs(*pair)["output"]

    assert [(row["line_a"], row["a"], row["b"]) for row in rows] == [(2, "last", "other")]


def test_output_without_times(pair: tuple[RecordedRun, RecordedRun]) -> None:
    write(meta(pair[1], "output", "40_run"), "lr 0.1\nloss: 0.5\nmore\n")
    meta(pair[1], "output", "40_run.index").unlink()

    (row,) = diff_runs(*pair)["output"]

    assert (row["line_b"], row["time_b_ms"], row["b"]) == (3, None, "more")


def test_what_is_left_of_an_output_that_is_too_long(
    pair: tuple[RecordedRun, RecordedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(meta(pair[1], "output", "40_run"), "lr 0.2\nloss: 0.5\nmore\n")
    monkeypatch.setattr(difference, "_MOST_OUTPUT_BYTES", 17)

    found = diff_runs(*pair)

    assert [row["b"] for row in found["output"]] == ["lr 0.2"]
    (fault,) = found["damaged"]
    assert fault["run"] == pair[1].name
    assert "only the first 17 bytes" in fault["what"]


def test_notebooks_differ_by_cells() -> None:
    """Cells, not the JSON around them."""
    notebook = {"cells": [{"cell_type": "code", "source": ["a = 1\n", "b"], "outputs": []}]}

    assert difference._cells("x.ipynb", json.dumps(notebook)) == ["[cell 1: code]", "a = 1", "b"]
    assert difference._cells("x.ipynb", "{") is None


def test_every_section_has_its_columns(pair: tuple[RecordedRun, RecordedRun]) -> None:
    assert [*SECTIONS, "damaged"] == list(COLUMNS)
    other = run("train.py", {"lr": 0.2})

    for name, rows in diff_runs(pair[0], other).items():
        assert all(tuple(row) == COLUMNS[name] for row in rows)
