"""The commands of `%gage` as functions and as lines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

import gage
from gage._internal.operations.run_line import LineError
from gage._internal.process.ending import wait_for_exit
from gage_nb.command_list import COMMANDS, help_text
from gage_nb.commands import carry_out
from tests.running.runs import processes


@pytest.fixture
def run(project: Path, runs_home: Path) -> gage.RecordedRun:
    (project / "hi.py").write_text("print('hi')\nprint('loss: 0.5')\n")
    return gage.run("hi.py", label="first")


def waiting(project: Path) -> gage.RecordedRun:
    """Return a run that goes on until somebody stops it."""
    (project / "wait.py").write_text("import threading\nthreading.Event().wait()\n")
    return gage.run("wait.py", background=True)


def test_the_help_has_every_command() -> None:
    lines = help_text().splitlines()

    for command in COMMANDS.values():
        (line,) = [line for line in lines if line.startswith(f"    %gage {command.usage} ")]
        assert line.endswith(f"  {command.about}")


FRAMES = ["runs", "meta", "files", "manifest", "output", "metrics", "verify", "ops", "batches"]


@pytest.mark.parametrize("name", FRAMES)
def test_a_report_is_a_plain_frame_that_shows_for_reading(name: str, run: gage.RecordedRun) -> None:
    frame = carry_out(name, [])

    assert "(DataFrame)" in COMMANDS[name].about
    assert type(frame) is pd.DataFrame
    assert frame.empty == (name in {"verify", "batches"})
    assert "gage-table" in frame._repr_html_()  # type: ignore[operator]


@pytest.mark.parametrize("name", ["show", "wait", "attach"])
@pytest.mark.parametrize("words", [[], ["1"]], ids=["newest", "named"])
def test_a_command_about_a_run_gives_it(
    name: str, words: Sequence[str], run: gage.RecordedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(name, words) == run

    assert ("completed" in capsys.readouterr().out) == (name == "attach")


@pytest.mark.parametrize("name", ["runs", "list", "ls"])
def test_a_command_works_in_another_place(
    project: Path, runs_home: Path, tmp_path: Path, name: str
) -> None:
    (project / "hi.py").write_text("print('hi')\n")
    run = gage.run("hi.py", directory=str(project), runs_home="mine")
    place = ["-C", str(project), "--runs", "mine", "-y"]

    assert list(carry_out(name, place)["run"]) == [run.name]
    assert carry_out("show", [run.name, *place]) == run
    assert len(carry_out("runs", [])) == 0


@pytest.mark.parametrize("words", [["-C"], ["--runs"], ["--runs="]])
def test_a_place_needs_its_directory(words: list[str]) -> None:
    with pytest.raises(LineError, match=f"expected DIR after {words[0].rstrip('=')}, found"):
        carry_out("runs", words)


OF_SEVERAL_WORDS = {
    "runs",
    "metrics",
    "compare",
    "plot",
    "diff",
    "whence",
    "label",
    "tag",
    "comment",
    "delete",
    "restore",
    "purge",
}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OF_SEVERAL_WORDS])
def test_more_words_than_expected_are_a_wrong_line(name: str, run: gage.RecordedRun) -> None:
    with pytest.raises(LineError, match=r"expected .*, found 'one two'"):
        carry_out(name, ["one", "two"])


def test_runs_keep_their_positions_when_some_are_chosen(
    project: Path, run: gage.RecordedRun
) -> None:
    (project / "bad.py").write_text("raise SystemExit(3)\n")
    bad = gage.run("bad.py", tags=["x"])

    assert list(carry_out("runs", []).index) == [1, 2]
    assert list(carry_out("runs", ["status=completed"]).index) == [2]
    assert list(carry_out("runs", ["tag=x", "exit_code=3"])["run"]) == [bad.name]
    assert list(carry_out("runs", ["label=first"])["run"]) == [run.name]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("status", "expected a comparison"),
        ("statu=error", r"no run has a value 'statu'\. Did you mean 'status'"),
        ("zzz=error", r"no run has a value 'zzz'\. Columns: run, "),
    ],
)
def test_a_wrong_condition_says_what_there_is(word: str, said: str, run: gage.RecordedRun) -> None:
    with pytest.raises(gage.OptionError, match=said):
        carry_out("runs", [word])


def test_runs_are_labelled_tagged_and_commented(run: gage.RecordedRun) -> None:
    carry_out("label", [run.name, "second"])
    carry_out("tag", [run.name, "new", "-a"])
    carry_out("comment", [run.name, "looks", "good"])

    assert run.label == "second"
    assert "new" in run.tags
    assert [comment.text for comment in run.comments] == ["looks good"]
    with pytest.raises(LineError, match="expected %gage label"):
        carry_out("label", [])
    with pytest.raises(LineError, match="expected a comment"):
        carry_out("comment", [run.name])


def test_runs_go_to_the_trash_and_come_back(run: gage.RecordedRun) -> None:
    assert list(carry_out("delete", [run.name])["now"]) == ["in the trash"]
    assert len(carry_out("runs", [])) == 0

    assert list(carry_out("restore", [])["run"]) == [run.name]
    assert len(carry_out("runs", [])) == 1

    carry_out("delete", [run.name])
    with pytest.raises(LineError, match="expected the runs"):
        carry_out("purge", [])
    carry_out("purge", [run.name])
    assert not Path(run.run_dir).exists()


def test_the_doctor_examines_and_repairs(run: gage.RecordedRun) -> None:
    for identity in processes(run):
        assert wait_for_exit(identity, 60)
    assert len(carry_out("doctor", [])) == 0
    Path(run.meta_dir, "output", "40_run.index").unlink()

    found = carry_out("doctor", [])
    repaired = carry_out("doctor", ["--repair"])

    assert list(found.columns) == ["run", "path", "problem", "remedy", "done", "mended"]
    assert list(found["run"]) == list(repaired["run"]) == [run.name]
    assert (list(found["mended"]), list(repaired["mended"])) == ([False], [True])


def test_the_room_on_the_disk_is_a_frame(run: gage.RecordedRun) -> None:
    frame = carry_out("du", [])

    assert list(frame["kind"]) == ["run", "total"]
    assert list(frame["name"]) == [run.name, ""]
    assert list(frame.columns)[3:] == ["size", "disk", "freed"]


def test_two_runs_are_compared(project: Path, run: gage.RecordedRun) -> None:
    (project / "hi.py").write_text("print('other')\n")
    other = gage.run("hi.py")

    difference = carry_out("diff", [run.name, other.name])

    assert {"source", "output"} <= {*difference.differing}
    with pytest.raises(LineError, match="expected two runs"):
        carry_out("diff", [run.name])


def test_stop_means_the_newest_run_that_goes_on(project: Path, run: gage.RecordedRun) -> None:
    older = waiting(project)
    newer = gage.run("hi.py")

    stopped = carry_out("stop", [])

    assert stopped == older
    assert (older.status, newer.status) == ("terminated", "completed")
    assert "stopped by notebook" in older.full_status.reason


def test_nothing_that_goes_on_is_nothing_to_stop(run: gage.RecordedRun) -> None:
    with pytest.raises(gage.RunNotFound, match="no run is running: there is nothing to stop"):
        carry_out("stop", [])


def test_stop_of_a_run_that_is_over_leaves_it_as_it_is(run: gage.RecordedRun) -> None:
    assert carry_out("stop", [run.name]).status == "completed"


def test_wait_returns_at_the_end(project: Path, runs_home: Path) -> None:
    (project / "wait.py").write_text("open('go').read()\n")
    staged = gage.run("wait.py", stage=True)
    os.mkfifo(Path(staged.run_dir, "go"))
    staged.start()
    Path(staged.run_dir, "go").write_text("")

    assert carry_out("wait", []).status == "completed"


def test_start_starts_what_is_staged(
    project: Path, run: gage.RecordedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    staged = gage.run("hi.py", stage=True)

    assert carry_out("start", []) == staged

    assert staged.status == "completed"
    assert "hi\nloss: 0.5\n" in capsys.readouterr().out
    with pytest.raises(gage.RunStateError, match="only a staged run can be started"):
        carry_out("start", [staged.name])


def test_verify_lists_what_was_changed(run: gage.RecordedRun) -> None:
    path = Path(run.run_dir, "hi.py")
    path.chmod(0o644)
    path.write_text("print('other')\n")

    row = carry_out("verify", []).loc[0]

    assert (row["difference"], row["path"]) == ("changed", "hi.py")
    assert row["expected"] != row["found"]


def test_verify_says_that_nothing_differs(run: gage.RecordedRun) -> None:
    frame = carry_out("verify", [])

    for text in frame._repr_mimebundle_().values():
        assert f"{run.name}: all 1 file as recorded" in text


def test_the_resources_of_a_run_are_a_frame_or_its_total(run: gage.RecordedRun) -> None:
    frame = carry_out("resources", ["1"])

    assert type(frame) is pd.DataFrame
    assert frame.attrs["if_empty"].startswith("cpu time ")
    assert "cpu_time" in frame


def test_metrics_of_runs_that_are_named(run: gage.RecordedRun) -> None:
    second = gage.run("hi.py")

    assert set(carry_out("metrics", ["1", run.name])["run"]) == {run.name, second.name}
    assert set(carry_out("metrics", [])["run"]) == {second.name}
