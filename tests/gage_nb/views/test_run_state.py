"""What is read of real runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import gage
from gage._internal.output.captured import run_captured
from gage._internal.output.format import STDERR, STDOUT
from gage._internal.record.layout import run_meta_path
from gage._internal.running.runner import start_run, stop_run
from gage._internal.staging.staging import init_run_meta, make_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from gage_nb.views.panel_state import PanelState
from gage_nb.views.run_state import StateReader, read_state
from tests.making import meta, staged
from tests.reporting import write_output


def texts(state: PanelState) -> list[str]:
    return [line.text for line in state.tail]


def printing(runs_home: Path, script: str) -> Run:
    """Return a run whose command has printed what a script prints."""
    run = make_run(str(runs_home))
    init_run_meta(run, OpRef("test", "t"), OpDef("t", {}), {}, OpCmd([], {}))
    output = run_meta_path(run, "output", "40_run")
    Path(output).parent.mkdir(exist_ok=True)
    run_captured(["sh", "-c", script], run.run_dir, dict(os.environ), output)
    Path(run.meta_dir, "started").write_text("1\n")
    return run


def test_a_completed_run(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text(
        "import sys, gage\nx = 1\nprint('out')\nprint('err', file=sys.stderr)\n"
        "open('made', 'w').write('12345')\n"
        "for step in range(3): gage.log(loss=1 / (step + 1), step=step)\n"
    )
    run = gage.run("hi.py")

    state = read_state(run)

    assert (state.operation, state.name, state.id) == ("hi.py", run.name, run.id)
    assert (state.status, state.exit_code, state.phase) == ("completed", 0, "run")
    assert sorted(texts(state)) == ["err", "out"]
    assert {line.text: line.spans[0].stream for line in state.tail} == {"out": 0, "err": 1}
    assert (state.line_count, state.size_bytes, state.earlier_lines) == (2, 8, 0)
    assert (state.files, state.file_count) == ((("made", 5),), 1)
    assert state.metrics["loss"].count == 3
    assert "loss" in state.charts
    assert state.seconds is not None


def test_a_run_that_is_staged_has_no_time(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("")
    state = read_state(gage.run("hi.py", stage=True))
    assert (state.status, state.seconds, state.reason) == ("staged", None, "")


def test_what_was_left_out_of_a_run_is_told(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("")
    (project / "big.txt").write_text("x" * 200_000)

    state = read_state(gage.run("hi.py", stage=True))

    assert state.notes == ()
    assert "1 file of 100.0 kB or more (big.txt)" in state.left_out


def test_values_that_differ_from_the_default_are_shown(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("lr = 0.1\nepochs = 5\nprint(lr)\n")

    state = read_state(gage.run("hi.py", {"lr": 0.5, "epochs": 5}, label="base", tags=["a"]))

    assert state.config == "lr=0.5"
    assert (state.label, state.tags) == ("base", ("a",))


def test_caches_are_not_files_made(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text(
        "import os, pathlib\n"
        "for name in ('__pycache__/a.txt', '.pytest_cache/b', 'c.pyc', 'data/d.txt'):\n"
        "    os.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n"
        "    pathlib.Path(name).write_text('')\n"
    )

    state = read_state(gage.run("hi.py"))

    assert [path for path, _ in state.files] == ["data/d.txt"]


def test_a_run_that_failed_in_staging(project: Path, runs_home: Path) -> None:
    (project / "gage.toml").write_text(
        "[op]\nexec = { run = 'true', init-runtime = 'echo trying; exit 3' }\n"
    )
    with pytest.raises(gage.PhaseError):
        gage.run("op")

    state = read_state(gage.runs()[0])

    assert (state.status, state.exit_code, state.phase) == ("error", 3, "init-runtime")
    assert texts(state) == ["trying"]


def test_a_run_that_is_being_made(runs_home: Path) -> None:
    run = make_run(str(runs_home))
    reader = StateReader(run)
    assert (reader.read().status, reader.read().operation) == ("pending", "?")

    init_run_meta(run, OpRef("test", "op"), OpDef("op", {}), {"x": 1}, OpCmd([], {}))

    reader.phase = "copy-sourcecode"
    state = reader.read()
    assert (state.operation, state.config, state.phase) == ("op", "x=1", "copy-sourcecode")


@pytest.mark.parametrize(
    "name", ["id", "opref", "__schema__", "config.json", "started", "manifest"]
)
def test_a_damaged_run_is_a_state_too(project: Path, runs_home: Path, name: str) -> None:
    (project / "hi.py").write_text("print('hello')")
    run = gage.run("hi.py")
    path = Path(run.meta_dir, name)
    path.chmod(0o600)
    path.write_bytes(b"\xff\x00 nonsense\n")

    assert read_state(run).name == run.name

    path.unlink()
    assert read_state(run).name == run.name
    shutil.rmtree(run.meta_dir)
    assert read_state(run).status == "damaged"


def test_lines_of_both_streams_are_told_apart(runs_home: Path) -> None:
    run = printing(runs_home, "")
    write_output(run, (b"bar 10%", STDERR), (b"text\n", STDOUT), (b"more\n", STDERR))

    state = read_state(run)

    assert [[(span.text, span.stream) for span in line.spans] for line in state.tail] == [
        [("bar 10%", 1), ("text", 0)],
        [("more", 1)],
    ]


def test_of_much_output_the_end_is_read_and_the_rest_counted(runs_home: Path) -> None:
    script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
    state = read_state(printing(runs_home, script))
    assert texts(state)[-1] == "line 2999"
    assert state.line_count == 3000
    assert state.earlier_lines + len(state.tail) == 3000
    assert texts(state)[0] == f"line {state.earlier_lines}"


def test_of_one_long_line_the_end_is_read(runs_home: Path) -> None:
    script = r"i=0; while [ $i -lt 3000 ]; do printf '\rstep %d of 3000' $i; i=$((i+1)); done"
    state = read_state(printing(runs_home, script))
    assert texts(state) == ["step 2999 of 3000"]
    assert state.earlier_lines == 0


def test_progress_is_read_from_bars_and_from_what_the_run_says(runs_home: Path) -> None:
    script = "printf ' 45%%|####5     | 45/100 [00:03<00:04, 12.10it/s]'"
    run = printing(runs_home, script)
    assert read_state(run).progress is None  # it has ended

    Path(run.meta_dir, "started").unlink()
    Path(run.meta_dir, "staged").write_text("1\n")
    reader = StateReader(run)
    reader.phase = "run"
    progress = reader.read().progress
    assert progress is not None
    assert progress.fraction == 0.45

    Path(run.meta_dir, "proc", "progress").write_text("3 4 cooking\n")
    progress = reader.read().progress
    assert progress is not None
    assert (progress.fraction, progress.description) == (0.75, "cooking")


def test_the_cell_of_a_notebook_stays_when_it_prints_more_than_a_tail(runs_home: Path) -> None:
    run = printing(runs_home, "echo '[cell 3/4]'")
    Path(run.meta_dir, "started").unlink()
    Path(run.meta_dir, "staged").write_text("1\n")
    reader = StateReader(run)
    reader.phase = "run"
    reader.read()
    with Path(run_meta_path(run, "output", "40_run")).open("ab") as file:
        file.write(b"text\n" * 10_000)

    progress = reader.read().progress

    assert progress is not None
    assert progress.description == "cell 3 of 4"


def test_a_damaged_index_is_said_and_its_output_is_shown(runs_home: Path) -> None:
    run = printing(runs_home, "echo one; echo two")
    index = Path(run_meta_path(run, "output", "40_run.index"))
    index.write_bytes(index.read_bytes()[:-1] + b"\x09")

    state = read_state(run)

    assert texts(state) == ["one", "two"]
    assert any("40_run.index" in note and "found 9" in note for note in state.notes)


def test_a_pipe_in_the_place_of_the_output_is_not_waited_for(runs_home: Path) -> None:
    run = printing(runs_home, "echo one")
    output = Path(run_meta_path(run, "output", "40_run"))
    output.unlink()
    os.mkfifo(output)

    state = read_state(run)

    assert texts(state) == []
    assert any("expected a regular file" in note for note in state.notes)


def test_how_far_the_made_files_are_hashed_is_the_progress(tmp_path: Path) -> None:
    run = staged(tmp_path, "exec sleep 1000")
    start_run(run)
    meta(run, "proc", "finalizing").write_text("1 2 2500000 10000000\n")

    state = read_state(run)
    stop_run(run, grace_s=0.1)

    assert state.progress is not None
    assert state.progress.fraction == 0.25
    assert state.progress.description == "hashing its files: 1 of 2, 2.5 MB of 10.0 MB"
