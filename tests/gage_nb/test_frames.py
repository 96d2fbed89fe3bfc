"""Frames of runs: their columns, their types, their content."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import gage
from gage._internal.errors import OptionError
from gage._internal.store.trash import delete_run
from gage_nb import frames, run_frames
from gage_nb.tables import readable

FUNCTIONS: list[Callable[..., pd.DataFrame]] = [
    frames.runs,
    frames.meta,
    frames.files,
    frames.manifest,
    frames.output,
    frames.metrics,
]
SCRIPT = """\
import sys
for step in range(2):
    print(f"step: {step}")
    print(f"loss: {1 / (step + 1)}")
sys.stdout.flush()
print("careful", file=sys.stderr)
open("made.txt", "w").write("12345")
"""


@pytest.fixture
def run(project: Path, runs_home: Path) -> gage.RecordedRun:
    (project / "train.py").write_text(SCRIPT)
    return gage.run("train.py", label="first", tags=["a", "b"])


@pytest.fixture
def staged(project: Path, runs_home: Path) -> gage.RecordedRun:
    (project / "empty").mkdir()
    (project / "empty" / "hi.py").write_text("")
    return gage.run("hi.py", directory=str(project / "empty"), stage=True)


def documented(function: Callable[..., pd.DataFrame]) -> dict[str, str]:
    """Return name and dtype of each column, as the docstring has them."""
    text = " ".join((function.__doc__ or "").partition("Columns:")[2].split())
    return dict(re.findall(r"`(\w+)` \((\w+(?:\[[^]]*\])?)", text.partition(" The index")[0]))


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    names = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    return {name: "string" if dtype == "str" else dtype for name, dtype in names.items()}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_columns_and_dtypes_are_those_of_the_docstring(
    function: Callable[..., pd.DataFrame], run: gage.RecordedRun
) -> None:
    frame = function()

    assert len(frame)
    assert type(frame) is pd.DataFrame
    fixed = {name: dtype for name, dtype in dtypes(frame).items() if "." not in name}
    assert list(fixed.items()) == list(documented(function).items())


def test_values_of_runs_are_columns(project: Path, run: gage.RecordedRun) -> None:
    (project / "other.py").write_text("lr = 0.5\nname = 'x'\n")
    gage.run("other.py", {"lr": 0.25})

    frame = frames.runs()

    assert list(frame["config.lr"].isna()) == [False, True]
    assert list(frame["metric.loss"].isna()) == [True, False]
    assert dtypes(frame)["config.lr"] == dtypes(frame)["metric.loss"] == "Float64"
    assert list(frames.runs("lr = 0.25").index) == [1]
    assert len(frames.runs(limit=1)) == 1


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_an_empty_frame_has_its_columns_and_dtypes(
    function: Callable[..., pd.DataFrame], run: gage.RecordedRun
) -> None:
    shutil.rmtree(Path(run.meta_dir, "output"))
    for name in ("log/files", "manifest", "summary.json"):
        Path(run.meta_dir, name).unlink(missing_ok=True)

    frame = frames.runs([]) if function is frames.runs else function(run)

    assert function is frames.meta or frame.empty
    assert list(dtypes(frame).items()) == list(documented(function).items())


def test_runs_are_counted_from_the_newest(run: gage.RecordedRun) -> None:
    newer = gage.run("train.py")

    frame = frames.runs()

    assert list(frame.index) == [1, 2]
    assert list(frame["run"]) == [newer.name, run.name]
    first = frame.loc[2]
    assert (first["operation"], first["status"], first["exit_code"]) == ("train.py", "completed", 0)
    assert (first["label"], first["tags"], first["id"]) == ("first", ["a", "b"], run.id)
    assert first["started"].value // 1000 == run.timestamp("started")
    assert first["duration"] == pd.Timedelta(microseconds=run.duration_us or 0)


def test_a_running_run_has_a_duration_and_no_end(project: Path, runs_home: Path) -> None:
    (project / "wait.py").write_text("open('go').read()\n")
    staged = gage.run("wait.py", stage=True)
    os.mkfifo(Path(staged.run_dir, "go"))
    staged.start()

    row = frames.runs().loc[1]

    Path(staged.run_dir, "go").write_text("")
    staged.wait()
    assert row["status"] == "running"
    assert row["duration"] > pd.Timedelta(0)
    assert pd.isna(row["exit_code"])


def test_a_damaged_run_is_listed_with_its_reason(run: gage.RecordedRun) -> None:
    Path(run.meta_dir, "opref").unlink()

    row = frames.runs().loc[1]

    assert (row["operation"], row["status"]) == ("?", "damaged")
    assert "opref" in row["reason"]


def test_meta_has_times_and_attributes(run: gage.RecordedRun) -> None:
    values = frames.meta(run).set_index("name")["value"]

    assert values["started"] == pd.Timestamp(run.timestamp("started") or 0, unit="us", tz="UTC")
    assert values["command"] == ["python", "train.py"]
    assert values["user.label"] == "first"
    assert values["sys.python"]["implementation"] == "cpython"


def test_files_and_manifest_tell_what_was_staged_and_made(run: gage.RecordedRun) -> None:
    files, manifest = frames.files(run), frames.manifest(run)

    assert list(files[["event", "type", "path"]].itertuples(index=False, name=None)) == [
        ("added", "source code", "train.py"),
        ("added", "generated", "made.txt"),
    ]
    assert list(files["size"]) == [len(SCRIPT), 5]
    modified = Path(run.run_dir, "made.txt").stat().st_mtime_ns // 1000
    assert files["modified"][1].value // 1000 == modified
    assert list(manifest["path"]) == ["train.py", "made.txt"]
    assert {len(digest) for digest in manifest["sha256"]} == {64}


NAMES = [
    b"a b",
    b"'quoted\"",
    b"line\nbreak",
    b"-dash",
    "\N{SNAKE}".encode(),
    b"not \xff UTF-8",
    b"x" * 255,
]


def test_any_file_name_is_in_the_frames(project: Path, runs_home: Path) -> None:
    (project / "make.py").write_text(f"for name in {NAMES}: open(name, 'w').close()\n")
    run = gage.run("make.py")

    files, manifest = frames.files(run), frames.manifest(run)

    expected = {name.decode("utf-8", "backslashreplace") for name in NAMES} | {"make.py"}
    assert set(files["path"]) == set(manifest["path"]) == expected
    assert not files["size"].isna().any()
    assert "not \\xff UTF-8" in readable(files)._repr_html_()  # type: ignore[operator]


def test_output_has_a_row_for_each_line_with_its_stream(run: gage.RecordedRun) -> None:
    frame = frames.output(run)

    assert list(frame["text"]) == ["step: 0", "loss: 1.0", "step: 1", "loss: 0.5", "careful"]
    assert list(frame["stream"]) == ["stdout"] * 4 + ["stderr"]
    assert list(frame["line"]) == [0, 1, 2, 3, 4]
    assert frame["time"].is_monotonic_increasing


def test_output_has_what_was_shown_between_its_lines(project: Path, runs_home: Path) -> None:
    Path("draw.py").write_text(
        "import matplotlib.pyplot as plt\nprint('before')\nplt.plot([1])\nplt.show()\n"
        "print('a part', end='')\nplt.plot([1])\nplt.show()\nprint(' and the rest')\n"
    )

    frame = frames.output(gage.run("draw.py"))

    assert list(frame["kind"]) == ["text", "figure", "text", "figure"]
    assert list(frame["text"]) == [
        *("before", "figure 1, 640×480 px"),
        *("a part and the rest", "figure 2, 640×480 px"),
    ]
    assert list(frame["line"]) == [0, 1, 1, 2]
    assert frame["time"].is_monotonic_increasing


def test_output_can_be_cut(run: gage.RecordedRun) -> None:
    assert list(frames.output(run, start=1, stop=3)["text"]) == ["loss: 1.0", "step: 1"]
    assert len(frames.output(run, phase="run")) == 5
    assert frames.output(run, phase="finalize-run").empty
    with pytest.raises(ValueError, match="unknown phase 'runs': expected one of"):
        frames.output(run, phase="runs")


def test_output_that_is_no_text_is_replaced(project: Path, runs_home: Path) -> None:
    (project / "raw.py").write_text(
        "import os\nos.write(1, b'\\xff\\x00|\\r50%\\r100%\\nno end')\n"
    )

    assert list(frames.output(gage.run("raw.py"))["text"]) == [
        "\ufffd\\x00|\\r50%\\r100%",
        "no end",
    ]


def test_resources_are_a_row_for_each_sample(project: Path, runs_home: Path) -> None:
    (project / "burn.py").write_text("import time\nwhile time.process_time() < 1: pass\n")
    run = gage.run("burn.py")

    frame = frames.resources(run)

    assert dtypes(frame) == documented(frames.resources)
    assert len(frame) == len(run.resources.samples) >= 1
    assert (frame["rss"] > 1_000_000).all()
    assert frame["cpu_time"].is_monotonic_increasing
    assert run.resources.total is not None
    assert frame["cpu_time"].iloc[-1] <= pd.Timedelta(microseconds=run.resources.total.cpu_us)


def test_resources_of_a_short_run_have_the_same_columns(run: gage.RecordedRun) -> None:
    assert dtypes(frames.resources(run)) == documented(frames.resources)


def test_metrics_of_several_runs_are_one_frame(run: gage.RecordedRun) -> None:
    second = gage.run("train.py")

    frame = frames.metrics([2, second])

    assert list(frame["run"].unique()) == [run.name, second.name]
    loss = frame[frame["name"] == "loss"]
    assert list(loss["value"]) == [1.0, 0.5] * 2
    assert list(loss["step"]) == [0, 1] * 2


def test_a_run_is_named_as_everywhere(run: gage.RecordedRun) -> None:
    for reference in (None, 1, run.name, run.name[:3], run.id[:8], run):
        assert frames.meta(reference)["value"][0] == run.id
    with pytest.raises(gage.RunNotFound, match="there is no run named 'nobody'"):
        frames.meta("nobody")


def test_names_that_are_not_utf_8_are_shown_as_escapes(project: Path, runs_home: Path) -> None:
    (project / "caf\udce9.py").write_text("print(1)\n")
    run = gage.run("caf\udce9.py", label="caf\udce9 \x1b]0;t\x07")

    for frame in (frames.runs(), frames.meta(run), frames.files(run)):
        for text in frame._repr_mimebundle_().values():  # type: ignore[operator]
            text.encode()
            assert "\x1b" not in text
        assert "\x1b" not in frame.copy().to_string()
    assert frames.runs()["label"][1] == r"caf\xe9 \x1b]0;t\x07"


def test_the_words_of_a_question_are_arguments_too(project: Path, run: gage.RecordedRun) -> None:
    (project / "fail.py").write_text("raise SystemExit(3)\n")
    other = gage.run("fail.py")

    assert list(frames.runs(ops="fail.py")["run"]) == [other.name]
    assert list(frames.runs(status=["error", "terminated"])["run"]) == [other.name]
    assert list(frames.runs(tags=["a", "b"])["run"]) == [run.name]
    assert list(frames.runs(tags=["a", "none"])["run"]) == []
    assert list(frames.runs("status = completed", ops="fail.py")["run"]) == []
    assert len(frames.runs(since="1h")) == len(frames.runs(since=dt.timedelta(hours=1))) == 2
    assert frames.runs(since=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).empty


def test_measures_of_metrics_come_on_request(project: Path) -> None:
    (project / "steps.py").write_text(
        "import gage\nfor i in (0, 1, 2):\n    gage.log(loss=[3.0, 1.0, 2.0][i], step=i)\n"
    )
    gage.run("steps.py")

    row = frames.runs(measures=["min", "max", "step", "count", "@1"]).loc[1]

    found = {name: row[f"metric.loss{name}"] for name in ("", ".min", ".max", ".count", "@1")}
    assert found == {"": 2.0, ".min": 1.0, ".max": 3.0, ".count": 3.0, "@1": 1.0}
    with pytest.raises(OptionError, match="expected measures of last, min"):
        frames.runs(measures=["mean"])


def test_what_differs_comes_before_what_does_not(project: Path) -> None:
    (project / "two.py").write_text("same = 1\nlr = 0.5\nprint(f'loss: {lr}')\n")
    gage.run("two.py", {"lr": 0.25})
    gage.run("two.py")

    columns = list(frames.runs().columns)

    assert columns[:9] == [
        *("run", "operation", "label", "tags", "status", "started", "duration"),
        *("config.lr", "metric.loss"),
    ]
    assert columns[9:] == ["exit_code", "reason", "config.same", "id"]


def test_the_frame_follows_the_runs(project: Path) -> None:
    """New runs, other dtypes, labels, deleted runs: each frame is that of a new kernel."""
    (project / "one.py").write_text("lr = 1\n")
    (project / "two.py").write_text("lr = 0.5\nname = 'x'\nprint('loss: 1')\n")
    steps: list[Callable[[], object]] = [
        lambda: gage.run("one.py"),
        lambda: gage.run("one.py", {"lr": 3}),
        lambda: gage.find(1).set_label("it"),
        lambda: gage.run("two.py"),
        lambda: delete_run(gage.find(2)),
        lambda: gage.run("two.py"),
    ]
    for step in steps:
        step()
        followed = frames.runs()
        run_frames.forget()
        pd.testing.assert_frame_equal(followed, frames.runs())
        frames.runs()
    assert len(frames.runs()) == 3
