"""A recorded run says what is on disk when it is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import gage
from gage._internal.errors import MetaError, OptionError
from gage._internal.output.format import STDERR, STDOUT
from gage._internal.record.run_meta import write_attr
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import OpRef
from tests.making import ended, initialized, meta, staged


def test_it_says_what_the_run_is(tmp_path: Path) -> None:
    run = RecordedRun.of(ended(tmp_path, "echo hi; echo made > made.txt; exit 3"))

    assert run.opref == OpRef("test", "op")
    assert (run.status, run.exit_code) == ("error", 3)
    assert run.full_status.reason == "exit code 3"
    assert [(entry.type, entry.path) for entry in run.manifest] == [("g", "made.txt")]
    assert run.output().line_count == 1
    assert run.last_lines() == "hi"
    assert run.verify() == []
    assert run.notes == []


def test_it_is_never_out_of_date(tmp_path: Path) -> None:
    run = RecordedRun.of(staged(tmp_path))
    before = (run.status, run.duration_us, run.exit_code)

    run.start()
    run.wait()

    assert before == ("staged", None, None)
    assert run.status == "completed"
    assert run.duration_us is not None
    assert 0 < run.duration_us < 60_000_000


def test_times_are_in_the_order_of_life(tmp_path: Path) -> None:
    run = RecordedRun.of(ended(tmp_path))

    times = [run.timestamp(name) for name in ("initialized", "staged", "started", "stopped")]

    assert None not in times
    assert times == sorted(time for time in times if time is not None)


def test_metrics_have_their_last_and_extreme_values(tmp_path: Path) -> None:
    run = RecordedRun.of(ended(tmp_path, "printf 'loss: 3\\nloss: 1\\nloss: 2\\n'"))

    loss = run.metrics["loss"]

    assert (loss.last, loss.min, loss.max, loss.count) == (2, 1, 3, 3)


def test_label_and_tags_are_the_user_s(tmp_path: Path) -> None:
    run = RecordedRun.of(initialized(tmp_path))
    before = (run.label, run.tags, run.attrs)
    write_attr(run, "user", "label", "best")
    write_attr(run, "user", "tags", ["a", "b"])
    write_attr(run, "sys", "git", {"commit": "x"})

    assert before == (None, [], {})
    assert (run.label, run.tags, run.attrs) == ("best", ["a", "b"], {"git": {"commit": "x"}})


def test_its_configuration_has_the_defaults_of_its_source(project: Path, tmp_path: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\n")
    run = RecordedRun.of(staged(tmp_path / "runs", data={"config": "train.py"}, project=project))
    assert run.config == {"lr": 0.1}

    (Path(run.run_dir) / "train.py").unlink()

    assert run.config == {}


def test_a_damaged_run_has_no_operation_and_raises_nowhere_else(tmp_path: Path) -> None:
    run = RecordedRun.of(staged(tmp_path))
    meta(run, "opref").write_text('1 test "torn')

    assert run.opref == OpRef("?", "?")
    assert run.status == "damaged"


def test_a_damaged_attribute_is_named(tmp_path: Path) -> None:
    run = RecordedRun.of(initialized(tmp_path))
    meta(run, "user").mkdir()
    meta(run, "user", "label").write_text("{")

    with pytest.raises(MetaError, match="user/label"):
        _ = run.label


def test_output_can_be_followed_from_the_start_to_the_end(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    os.mkfifo(go_on)
    run = RecordedRun.of(staged(tmp_path / "runs", f"printf a; printf b >&2; cat {go_on}"))
    run.start()
    following = run.follow()

    first = next(following)
    go_on.write_text("c\n")
    pieces = [first, *following]

    assert [data for stream, data in pieces if stream == STDERR] == [b"b"]
    assert b"".join(data for stream, data in pieces if stream == STDOUT) == b"ac\n"


def test_what_was_never_started_has_no_output(tmp_path: Path) -> None:
    run = RecordedRun.of(staged(tmp_path))

    assert run.output().line_count == 0
    assert run.last_lines() == ""


def test_a_value_is_of_the_configuration_a_metric_or_an_attribute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "train.py").write_text(
        "import json\nlr = 0.1\nprint('loss: 0.5')\n"
        "json.dump({'attributes': {'data': 'v2'}}, open('summary.json', 'w'))\n"
    )
    run = gage.run("train.py", {"lr": 0.2}, directory=str(tmp_path))

    assert (run["lr"], run["loss"], run["data"]) == (0.2, 0.5, "v2")
    with pytest.raises(KeyError, match="Did you mean 'loss'"):
        run["los"]
    assert [found.id for found in gage.runs(where="lr = 0.2", directory=str(tmp_path))] == [run.id]


def test_its_files_are_found_by_their_paths(tmp_path: Path) -> None:
    run = RecordedRun.of(ended(tmp_path, "mkdir d; echo hi > d/made.txt"))
    write_attr(run, "user", "owner", "me")

    assert run.files == ["d/made.txt"]
    assert run.path("d", "made.txt").read_text() == "hi\n"
    assert run.path() == Path(run.run_dir)
    for names in (("..",), ("d/../../other",), ("/etc/passwd",)):
        with pytest.raises(OptionError, match="expected a path in the directory of"):
            run.path(*names)
    assert (run.meta["id"], run.meta["user"]) == (run.id, {"owner": "me"})
    assert run.meta["started"] == run.timestamp("started")
