"""Where things come from: files by digest, pictures by bytes, numbers and lines as printed."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode
from pathlib import Path

import pytest

import gage
from gage._internal.api.whence import answer
from gage._internal.output.results import picture_path, read_results
from gage._internal.store.trash import delete_run
from gage._internal.whence import digests
from gage._internal.whence.origin import can_tell
from tests.making import meta

PROGRAM = """\
lr = 0.1
print("begin")
print("loss:", round(1.23456 * lr, 6))
open("made.txt", "w").write(f"made with {lr}")
"""


@pytest.fixture
def made(project: Path, runs_home: Path) -> list[gage.RecordedRun]:
    (project / "fit.py").write_text(PROGRAM)
    return [gage.run("fit.py", {"lr": lr}) for lr in (0.1, 0.2)]


def test_a_file_that_was_moved(made: list[gage.RecordedRun], tmp_path: Path) -> None:
    moved = tmp_path / "other name.txt"
    shutil.copy(Path(made[1].run_dir, "made.txt"), moved)

    (origin,) = gage.whence(moved)

    assert (origin.what, origin.run, origin.id) == ("generated", made[1].name, made[1].id)
    assert (origin.operation, origin.place, origin.line) == ("fit.py", "made.txt", None)
    assert origin.time_us == Path(made[1].run_dir, "made.txt").stat().st_mtime_ns // 1000
    assert gage.whence(str(moved)) == gage.whence(moved.read_bytes()) == [origin]


def test_the_run_that_made_a_file_comes_before_those_that_used_it(
    made: list[gage.RecordedRun], project: Path
) -> None:
    shutil.copy(Path(made[0].run_dir, "made.txt"), project / "in.txt")
    (project / "use.py").write_text("print(open('in.txt').read())\n")
    used = gage.run("use.py")

    found = gage.whence(project / "in.txt")

    assert [(origin.what, origin.run) for origin in found] == [
        ("generated", made[0].name),
        ("source code", used.name),
    ]


def test_a_file_that_nobody_made(made: list[gage.RecordedRun], project: Path) -> None:
    (project / "own.txt").write_text("mine")

    found = answer("own.txt", str(Path(made[0].run_dir).parent))

    assert found.origins == []
    assert found.note == "no run has made or used this"


def test_a_file_that_was_changed_is_another(made: list[gage.RecordedRun], tmp_path: Path) -> None:
    changed = tmp_path / "made.txt"
    changed.write_text(Path(made[0].run_dir, "made.txt").read_text() + " ")

    assert gage.whence(changed) == []


@pytest.fixture
def figure(project: Path, runs_home: Path) -> tuple[gage.RecordedRun, bytes]:
    (project / "draw.py").write_text(
        "import matplotlib.pyplot as plt\nprint('one')\nplt.plot([1, 2])\nplt.show()\n"
    )
    run = gage.run("draw.py")
    path = picture_path(run.meta_dir, read_results(run.meta_dir)[0])
    assert path is not None
    return run, Path(path).read_bytes()


def test_a_picture(figure: tuple[gage.RecordedRun, bytes]) -> None:
    run, picture = figure

    (origin,) = gage.whence(picture)

    assert (origin.what, origin.run, origin.line) == ("picture", run.name, 1)
    assert (origin.place, origin.source) == ("figure 1, 640×480 px", "draw.py:4")


def test_the_pictures_of_a_notebook(figure: tuple[gage.RecordedRun, bytes], tmp_path: Path) -> None:
    run, picture = figure
    outputs = [
        {"data": {"image/png": b64encode(picture).decode()}},
        {"data": {"image/png": "%%"}},
        {"data": {"image/png": 3}},
        None,
    ]
    notebook = tmp_path / "saved.ipynb"
    notebook.write_text(json.dumps({"cells": [{"outputs": outputs}, 3, {"outputs": 5}]}))

    assert [origin.run for origin in gage.whence(notebook)] == [run.name]
    notebook.write_text("{")
    assert gage.whence(notebook) == []


@pytest.mark.parametrize(
    "x",
    ["0.123456", 0.123456, "loss: 0.123456", "  loss: 0.123456\n"],
    ids=["text", "number", "line", "pasted line"],
)
def test_a_number_and_a_line_as_printed(made: list[gage.RecordedRun], x: str | float) -> None:
    (origin,) = gage.whence(x)

    assert (origin.what, origin.run, origin.line) == ("output", made[0].name, 2)
    line = list(made[0].output().lines())[1]
    assert (origin.place, origin.time_us) == ("loss: 0.123456", line.time_ms * 1000)


@pytest.mark.parametrize(
    "x", ["0.12345", "23456", "0.1234567", "oss: 0.123456", "1.234e5", "loss: 0.123457", "no line"]
)
def test_a_part_of_a_number_or_line_is_not_that(made: list[gage.RecordedRun], x: str) -> None:
    assert gage.whence(x) == []


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("0.1234", True),
        ("0.0012", False),
        ("0.001234", True),
        ("1e10", False),
        ("-1.234e-10", True),
        ("loss", False),
        ("epoch one", True),
        ("two\nlines of text", False),
        ("", False),
    ],
)
def test_what_is_too_short_to_tell(text: str, tells: bool) -> None:
    assert can_tell(text) == tells


def test_what_is_printed_often_is_too_common(project: Path, runs_home: Path) -> None:
    (project / "often.py").write_text("for _ in range(21): print('the same again')\n")
    gage.run("often.py")

    found = answer("the same again", str(runs_home))

    assert found == ([], "printed more than 20 times: too common to tell")
    assert answer("hi", str(runs_home)).note.startswith("too short to tell")


def test_deleted_and_later_runs_are_noticed(
    made: list[gage.RecordedRun], project: Path, tmp_path: Path
) -> None:
    moved = shutil.copy(Path(made[0].run_dir, "made.txt"), tmp_path)
    assert len(gage.whence(moved)) == 1
    again = gage.run("fit.py", {"lr": 0.1})
    assert [origin.run for origin in gage.whence(moved)] == [made[0].name, again.name]

    delete_run(made[0])

    assert [origin.run for origin in gage.whence(moved)] == [again.name]


@pytest.mark.parametrize("fault", ["damaged", "a directory", "no cache"])
def test_the_cache_is_never_the_truth(
    made: list[gage.RecordedRun],
    runs_home: Path,
    tmp_path: Path,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = shutil.copy(Path(made[0].run_dir, "made.txt"), tmp_path)
    path = Path(digests._path_of(str(runs_home)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if fault == "damaged":
        path.write_bytes(b"no database at all" * 100)
    elif fault == "a directory":
        path.mkdir()
    else:
        path.parent.rmdir()
        path.parent.write_text("a file")

    assert [origin.run for origin in gage.whence(moved)] == [made[0].name]


def test_a_damaged_run_costs_nothing_but_itself(
    made: list[gage.RecordedRun], tmp_path: Path
) -> None:
    moved = [shutil.copy(Path(run.run_dir, "made.txt"), tmp_path / run.name) for run in made]
    manifest = meta(made[0], "manifest")
    manifest.chmod(0o644)
    manifest.write_text("garbage\n")

    assert gage.whence(moved[0]) == []
    assert [origin.run for origin in gage.whence(moved[1])] == [made[1].name]


def test_no_runs_at_all(project: Path, runs_home: Path) -> None:
    assert gage.whence("loss: 0.123456") == []
    assert gage.whence(b"something") == []
