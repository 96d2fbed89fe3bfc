"""Batches in real kernels: panel, frame, --each, --bg, interrupts; and the bounds of the panel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from gage._internal.batch.batch import list_batches
from gage._internal.batch.state import MAX_ROWS, BatchReader, BatchState, TrialRow
from gage._internal.batch.state_text import batch_text
from gage_nb.batch_display import NotebookBatch
from gage_nb.batches import rows_of, run_batch
from gage_nb.views.batch_panel import batch_bundle, batch_html
from gage_nb.views.run_panel import MAX_HTML_BYTES
from tests.kernels import Kernel, displays, errors, printed, updates
from tests.making import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def kernel(project: Path, runs_home: Path) -> Iterator[Kernel]:
    (project / "train.py").write_text(
        "import os, sys, time\nlr = 0.1\nepochs = 5\nwait_for = ''\n"
        "print('loss:', lr * epochs)\n"
        "open(f'begun-{epochs}', 'w').close()\n"
        "while wait_for and not os.path.exists(wait_for): time.sleep(0.005)\n"
        "if epochs == 13: sys.exit(3)\n"
    )
    kernel = Kernel()
    try:
        assert not errors(kernel.run("%load_ext gage_nb\nimport pandas as pd"))
        yield kernel
    finally:
        kernel.close()


# In kernels


def test_a_grid_has_one_panel_that_fills_in_and_a_name(kernel: Kernel) -> None:
    messages = kernel.run("%gage_run train.py lr=[0.5,0.25] epochs=[2,4] --jobs 2 --as b")
    frame = printed(kernel.run("print(b.frame().drop(columns=['id', 'run']).to_csv())"))

    assert not errors(messages)
    first = displays(messages)
    assert sum(bool(each["text/plain"]) for each in first) == 1  # its widgets have no text
    assert "· planned · 4 runs: lr=[0.5, 0.25] x epochs=[2, 4]" in first[0]["text/plain"]
    assert first[0]["text/plain"].count("waiting") == 5
    last = [each for each in updates(messages) if each["text/plain"]][-1]
    assert "4 of 4 · 4 completed" in last["text/plain"]
    assert last["text/html"].count("✔ completed") == 5
    lines = frame.splitlines()
    assert lines[0] == "trial,status,duration,lr,epochs,loss,exit_code,reason"
    assert [line.split(",")[3:6] for line in lines[1:5]] == [
        ["0.5", "2", "1.0"],
        ["0.5", "4", "2.0"],
        ["0.25", "2", "0.5"],
        ["0.25", "4", "1.0"],
    ]


def test_a_row_of_a_dataframe_is_a_run(kernel: Kernel) -> None:
    kernel.run("df = pd.DataFrame({'lr': [0.5, None], 'epochs': [1, 2]})")

    messages = kernel.run("%gage_run train.py --each df --as b")
    losses = printed(
        kernel.run("print(b.frame()['loss'].tolist(), b.frame()['config.lr'].tolist())")
    )
    wrong = kernel.run("%gage_run train.py --each dff")

    assert not errors(messages)
    assert losses == "[0.5, 0.2] [0.5, 0.1]\n"
    assert "found 'dff'. Did you mean 'df'?" in printed(wrong)


def test_the_frame_of_a_batch_joins_the_one_that_it_was_asked_by(kernel: Kernel) -> None:
    kernel.run(
        "df = pd.DataFrame({'lr': [0.5, 0.25], 'epochs': [1, 2]}, index=['b', 'a'])\n"
        "df.index.name = 'site'"
    )

    messages = kernel.run("%gage_run train.py --each df epochs=4 --as b -q")
    joined = printed(kernel.run("print(df.join(b.frame())[['lr', 'loss', 'epochs']].to_csv())"))
    kernel.run("twice = pd.concat([df, df['lr']], axis=1)")
    twice = kernel.run("%gage_run train.py --each twice")

    assert not errors(messages)
    assert joined.split() == ["site,lr,loss,epochs", "b,0.5,2.0,1", "a,0.25,1.0,2"]
    assert "expected each column of the DataFrame once, found lr" in printed(twice)


def test_failed_trials_are_an_error_that_names_them(kernel: Kernel) -> None:
    failed = kernel.run("%gage_run train.py epochs=[1,13]")
    quiet = kernel.run("%gage_run train.py epochs=[1,13] --no-raise -q")
    wrong = kernel.run("%gage_run train.py epoch=[1,2]")

    assert errors(failed) == ["BatchFailed"]
    assert "of 2 trials 1 failed" in next(
        message["content"]["evalue"] for message in failed if message["msg_type"] == "error"
    )
    assert not errors(quiet)
    assert not errors(wrong)
    assert "Did you mean 'epochs'?" in printed(wrong)


def test_a_cell_is_run_several_times(kernel: Kernel) -> None:
    kernel.run("table = pd.DataFrame({'a': [1, 2]})")

    messages = kernel.run(
        "%%gage_run fit x=[1,2,3] -i table --as b\nx = 1\nprint('y:', x * int(table.a.sum()))"
    )
    given = printed(kernel.run("print(b.frame()['y'].tolist(), b.operation)"))

    assert not errors(messages)
    assert given == "[3.0, 6.0, 9.0] fit\n"


def test_show_takes_the_name_that_a_batch_was_bound_to(kernel: Kernel) -> None:
    kernel.run("%gage_run train.py lr=[0.5,0.25] --as b")

    messages = kernel.run("%gage show b")

    assert not errors(messages)
    assert "2 of 2 · 2 completed" in displays(messages)[0]["text/plain"]


def test_a_value_that_is_a_list_is_one_run(kernel: Kernel, project: Path) -> None:
    (project / "lists.py").write_text("layers = [1, 2]\nprint(layers)\n")

    messages = kernel.run("%gage_run lists.py layers=[3,4,5] --as r")
    what = printed(kernel.run("print(type(r).__name__, r.config)"))

    assert not errors(messages)
    assert what == "RecordedRun {'layers': [3, 4, 5]}\n"


def test_an_interrupt_stops_what_runs_and_keeps_the_rest(
    kernel: Kernel, project: Path, runs_home: Path
) -> None:
    cell = kernel.start(f"%gage_run train.py epochs=[1,2,3] wait_for={project / 'go'} --as b")
    wait_until(lambda: list(runs_home.glob("*/begun-1")))

    kernel.manager.interrupt_kernel()
    messages = kernel.rest(cell)
    after = printed(kernel.run("print(b.counts())"))

    assert errors(messages) == ["KeyboardInterrupt"]
    assert after == "{'terminated': 1}\n"
    assert "1 stopped · 2 not started" in updates(messages)[-1]["text/plain"]


def test_in_the_background_a_button_stops_it(
    kernel: Kernel, project: Path, runs_home: Path
) -> None:
    messages = kernel.run(
        f"%gage_run train.py epochs=[1,2,3] wait_for={project / 'go'} --bg --as b"
    )
    (button,) = [
        each["content"]["comm_id"]
        for each in messages
        if each["msg_type"] == "comm_open"
        and each["content"]["data"]["state"]["_model_name"] == "ButtonModel"
    ]
    wait_until(lambda: list(runs_home.glob("*/begun-1")))

    kernel.click(button)
    stopped = printed(kernel.run("b.wait(); print(b.counts())"))

    assert stopped == "{'terminated': 1}\n"


def test_the_kernel_dies_and_another_one_attaches(
    kernel: Kernel, project: Path, runs_home: Path
) -> None:
    kernel.start(f"%gage_run train.py epochs=[1,2,3] wait_for={project / 'go'}")
    wait_until(lambda: list(runs_home.glob("*/begun-1")))
    kernel.kill()
    other = Kernel()
    try:
        other.run("%load_ext gage_nb")
        name = list_batches(str(runs_home))[0].name

        (project / "go").touch()
        messages = other.run(f"%gage attach {name}")
    finally:
        other.close()

    assert not errors(messages)
    assert "3 of 3 · 3 completed" in updates(messages)[-1]["text/plain"]


# Without a kernel


def test_the_frame_has_its_columns(
    project: Path, runs_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "train.py").write_text("lr = 0.1\nname = 'a'\nprint('loss:', lr)\n")

    frame = run_batch("train.py", rows=[{"lr": 1, "name": "x"}, {"lr": 2}]).frame()

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "run": "string",
        "status": "category",
        "duration": "timedelta64[us]",
        "lr": "float64",
        "name": frame["name"].dtype.name,
        "loss": "float64",
        "exit_code": "Int64",
        "reason": "string",
        "id": "string",
    }
    assert frame["name"].tolist() == ["x", "a"]
    assert frame.sort_values("loss", ascending=False)["lr"].tolist() == [2.0, 1.0]
    assert "2 of 2 · 2 completed" in capsys.readouterr().out


def test_the_frame_has_the_attributes_of_the_summaries(project: Path, runs_home: Path) -> None:
    (project / "train.py").write_text(
        "import json\nlr = 0.1\nprint('duration:', lr)\n"
        "metrics = {'acc': {'value': 1 - lr, 'color': 'green'}}\n"
        "attributes = {'data': 'v2', 'size': {'value': 3, 'unit': 'GB'}, 'lr': 'high'}\n"
        "json.dump({'metrics': metrics, 'attributes': attributes}, open('summary.json', 'w'))\n"
    )

    frame = run_batch("train.py", {"lr": [0.5, 0.25]}, quiet=True).frame()

    results = frame.drop(columns=["run", "status", "duration", "id", "exit_code", "reason"])
    assert results.to_dict("list") == {
        "lr": [0.5, 0.25],
        "metric.duration": [0.5, 0.25],
        "acc": [0.5, 0.75],
        "data": ["v2", "v2"],
        "size": [3, 3],
        "attr.lr": ["high", "high"],
    }
    assert frame["duration"].dtype.name == "timedelta64[us]"
    assert list(frame)[-3:] == ["exit_code", "reason", "id"]


def test_rows_of_frames_lists_and_files(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"a": 1}]')

    assert rows_of(pd.DataFrame({"a": [1], 2: ["x"]})) == [{"a": 1, "2": "x"}]
    assert rows_of([{"a": 1}]) == rows_of(str(path)) == [{"a": 1}]


def test_a_batch_of_many_trials_stays_bounded(project: Path, runs_home: Path) -> None:
    (project / "train.py").write_text("n = 0\nraise SystemExit(n % 3 == 1)\n")
    batch = run_batch("train.py", {"n": range(60)}, jobs=4, check=False, quiet=True)

    state = BatchReader(batch=NotebookBatch(batch.home, batch.id)).read()

    assert len(state.rows) == MAX_ROWS
    assert {row.status for row in state.rows} == {"error"}
    assert (len(state.folded), state.more) == (60 - MAX_ROWS, 0)
    assert state.counts == {"completed": 40, "error": 20}
    assert f"{60 - MAX_ROWS} more trials not shown" in batch_text(state)
    assert f"<summary>{60 - MAX_ROWS} more trials</summary>" in batch_html(state)


def test_the_panel_is_bounded_and_escaped_whatever_is_in_it() -> None:
    evil = "<script>alert(1)</script>" + "\u202e\x1b[31m" + "x" * 10_000
    rows = tuple(
        TrialRow(i, evil, "running", 0.5, 1.0, {f"{evil}{k}": evil for k in range(8)}, {})
        for i in range(MAX_ROWS)
    )
    state = BatchState(
        *(evil, evil, "id", evil, 10_000, 0, False),
        counts={"running": 10_000},
        rows=rows,
        more=9_980,
        columns=tuple(f"{evil}{k}" for k in range(8)),
        notes=(evil,) * 100,
    )

    bundle = batch_bundle(state)

    assert "<script>" not in bundle["text/html"]
    assert len(bundle["text/html"].encode()) < MAX_HTML_BYTES
    assert len(bundle["text/plain"].encode()) < MAX_HTML_BYTES
    assert "9,980 more trials not shown" in bundle["text/plain"]


def test_the_panel_shows_progress_and_the_best() -> None:
    rows = (
        TrialRow(0, "a-run", "running", 0.42, 2.0, {"lr": 0.1}),
        TrialRow(1, "b-run", "completed", None, 2.0, {"lr": 0.2}, {"loss": 0.25}, found=True),
    )
    state = BatchState(
        *("train", "name", "id", "2 runs: lr=[0.1, 0.2]", 2, 0, False),
        counts={"running": 1, "completed": 1},
        rows=rows,
        columns=("lr",),
        metrics=("loss",),
        best=1,
    )

    text = batch_text(state)

    assert "1 of 2 · 1 completed · 1 running" in text
    assert "● running 42%" in text
    assert "✔ completed before ★ best" in text
    # One has ended, and of the other 42 % are done.
    assert "width:71.0%" in batch_html(state)
    assert "class=best" in batch_html(state)


def test_a_batch_outside_of_a_kernel_does_not_need_one(project: Path, runs_home: Path) -> None:
    (project / "train.py").write_text("n = 0\n")

    batch = run_batch("train.py", {"n": [1, 2]}, jobs=2, view="text")

    assert batch.counts() == {"completed": 2}
    assert Path(batch.directory).is_dir()


def test_a_stopped_batch_does_not_say_that_trials_wait() -> None:
    state = BatchState(
        *("train", "name", "id", "2 runs", 2, 0, True),
        counts={"terminated": 1, "waiting": 1},
        rows=(TrialRow(0, "a-run", "terminated", words="stopped by you"), TrialRow(1)),
    )

    for text in batch_bundle(state).values():
        assert "■ stopped" in text
        assert "stopped by you" in text
        assert "not started" in text
        assert "waiting" not in text


def test_a_batch_with_nothing_left_to_do_says_so(
    project: Path, runs_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "train.py").write_text("n = 0\n")
    run_batch("train.py", {"n": [1, 2]}, view="text")
    first = capsys.readouterr().out

    run_batch("train.py", {"n": [1, 2]}, resume=True, view="text")

    assert "nothing to do: every trial" not in first
    assert "nothing to do: every trial" in capsys.readouterr().out
