"""Runs started by functions, in a real IPython shell and without one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import gage
from gage_nb import running
from tests.shells import running_shell

WAIT = """\
import os, threading
if "BELL" in os.environ:
    open(os.environ["BELL"], "w").close()
threading.Event().wait()
"""


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    with running_shell() as shell:
        yield shell


@pytest.fixture(autouse=True)
def _scripts(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("print('hi')\n")
    (project / "bad.py").write_text("print('bad')\nraise SystemExit(3)\n")
    (project / "wait.py").write_text(WAIT)


@pytest.fixture
def interrupter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Thread]:
    """Interrupts the main thread, as a kernel's interrupt does, once `wait.py` runs."""
    bell = tmp_path / "bell"
    os.mkfifo(bell)
    monkeypatch.setenv("BELL", str(bell))

    def interrupt() -> None:
        bell.read_text()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    yield thread
    thread.join(10)


# Without IPython


def test_a_script_runs_and_is_shown_without_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    run = running.run("hi.py", label="first", tags=["a"])

    out = capsys.readouterr().out
    assert (run.status, run.label, run.tags) == ("completed", "first", ["a"])
    assert f"hi.py {run.name}: running\nhi\n✔ hi.py {run.name} · completed" in out


# How it ends


def test_a_failed_run_raises_with_its_last_lines() -> None:
    with pytest.raises(gage.RunFailed, match="exit code 3") as error:
        running.run("bad.py", quiet=True)

    assert error.value.tail == "bad"
    assert error.value.run_name == gage.runs()[0].name


def test_a_failed_run_is_returned_unchecked() -> None:
    assert running.run("bad.py", quiet=True, check=False).exit_code == 3


@pytest.mark.parametrize("quiet", [False, True])
def test_an_interrupt_stops_the_run(quiet: bool, interrupter: threading.Thread) -> None:
    with pytest.raises(KeyboardInterrupt):
        running.run("wait.py", quiet=quiet)

    (run,) = gage.runs()
    assert run.status == "terminated"
    assert "stopped by interrupt" in run.full_status.reason
    assert running.run("hi.py", quiet=True).status == "completed"


def test_in_the_background_it_returns_at_once() -> None:
    run = running.run("wait.py", background=True)

    assert run.status == "running"
    assert run.stop().name == "terminated"


def test_what_cannot_be_staged_stays_listed(project: Path) -> None:
    (project / "gage.toml").write_text(
        "[broken]\nexec.copy-sourcecode = 'exit 7'\nexec.run = 'true'\n"
    )

    with pytest.raises(gage.PhaseError, match="exit code 7"):
        running.run("broken")

    (run,) = gage.runs()
    assert run.status == "error"


@pytest.mark.parametrize("view", ["movie", ""], ids=["argument", "environment"])
def test_an_unknown_view_makes_no_run(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = gage.run("hi.py", stage=True)
    if not view:
        monkeypatch.setenv("GAGE_VIEW", "movie")

    for call in (running.run, running.start):
        with pytest.raises(ValueError, match="expected one of widget, html, text, found 'movie'"):
            call("hi.py" if call is running.run else staged.name, view=view)

    assert [run.status for run in gage.runs()] == ["staged"]


# Looking at runs again


@pytest.mark.parametrize("status", ["completed", "error", "damaged"])
def test_a_run_that_is_over_is_shown_as_it_ended(
    status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = gage.run("bad.py" if status == "error" else "hi.py")
    if status == "damaged":
        Path(run.meta_dir, "opref").unlink()

    assert running.attach(run.name) == run

    assert status in capsys.readouterr().out


def test_there_is_nothing_to_attach_to_of_a_run_that_is_staged() -> None:
    gage.run("hi.py", stage=True)

    with pytest.raises(gage.RunStateError, match="is staged: nothing to wait for"):
        running.attach()


def test_what_was_staged_is_started_later() -> None:
    staged = running.run("hi.py", stage=True, quiet=True)
    assert staged.status == "staged"

    assert running.start(staged, quiet=True).status == "completed"


def test_a_staged_failure_raises_when_it_is_started() -> None:
    running.run("bad.py", stage=True, quiet=True)

    with pytest.raises(gage.RunFailed):
        running.start(quiet=True)


# In a shell


def test_a_run_inside_of_something_is_a_short_text(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    run = gage.run("hi.py")
    shell.push({"run": run})

    shell.run_cell("[run]")
    inside = capsys.readouterr().out
    shell.run_cell("display(run)")
    alone = capsys.readouterr().out

    assert f"[<Run {run.name} {run.id}>]" in inside
    assert f"✔ hi.py {run.name} · completed" in alone


def test_the_environment_of_a_later_run_is_the_one_of_then(
    shell: InteractiveShell, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "env.py").write_text("import os\nprint(os.environ.get('FLAVOUR'))\n")
    running.run("env.py", quiet=True)
    monkeypatch.setenv("FLAVOUR", "lemon")

    assert running.run("env.py", quiet=True).last_lines() == "lemon"
