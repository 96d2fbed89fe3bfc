"""The progress that a run reports reaches everyone who looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.types import Run
from gage.inside import progress_report
from gage.inside.progress_report import progress, read_reported_progress
from tests.reporting import new_run, run_program, start, until


@pytest.fixture
def run(runs_home: Path) -> Run:
    return new_run(runs_home)


def reported(run: Run) -> tuple[float, float | None, str] | None:
    state = read_reported_progress(run.meta_dir)
    return state and state[:3]


def test_nothing_was_said(run: Run) -> None:
    assert read_reported_progress(run.meta_dir) is None


@pytest.mark.parametrize(
    ("call", "expected", "line"),
    [
        ("3, 10", (3, 10, ""), "3 10 \n"),
        ("3, 10, 'training'", (3, 10, "training"), "3 10 training\n"),
        ("3", (3, None, ""), "3 - \n"),
        ("0.5, 1", (0.5, 1, ""), "0.5 1 \n"),
        ("1, 2, description=' two\\nlines'", (1, 2, " two\nlines"), '1 2 " two\\nlines"\n'),
        ("1, 2, '\\ud800'", (1, 2, "?"), "1 2 ?\n"),
    ],
)
def test_state_is_one_line(
    run: Run, call: str, expected: tuple[float, float | None, str], line: str
) -> None:
    run_program(run, f"import gage; gage.progress({call})")

    assert reported(run) == expected
    assert Path(run.meta_dir, "proc", "progress").read_text() == line


def test_newest_state_is_written_without_another_call(run: Run) -> None:
    child = start(
        run,
        "import gage\nfor i in range(50): gage.progress(i, 100)\nprint('ok', flush=True); input()",
    )

    until(lambda: reported(run) == (49, 100, ""))

    assert child.poll() is None
    child.communicate("\n")


def test_last_state_is_written_at_once(run: Run) -> None:
    child = start(
        run,
        "import gage\nfor i in range(50): gage.progress(i + 1, 50)\n"
        "print('ok', flush=True); input()",
    )
    assert child.stdout is not None
    child.stdout.readline()

    state = reported(run)

    assert state == (50, 50, "")
    child.communicate("\n")


def test_loop_that_ends_early_leaves_its_last_state(run: Run) -> None:
    run_program(run, "import gage\nfor i in range(33): gage.progress(i, 100)")

    assert reported(run) == (32, 100, "")


def test_many_calls_write_a_few_times_and_whole(run: Run) -> None:
    child = start(
        run, "import gage\nfor i in range(200_000): gage.progress(i, 10**9, 'many'); \nprint()"
    )
    seen = set()

    while child.poll() is None:
        state = read_reported_progress(run.meta_dir)
        if state:
            assert (state.total, state.description) == (10**9, "many")
            seen.add(state.completed)

    child.communicate()
    assert reported(run) == (199_999, 10**9, "many")
    assert len(seen) < 1000
    assert list(Path(run.meta_dir, "proc").glob("*.tmp")) == []


def test_forked_child_does_not_repeat_its_parent(run: Run) -> None:
    run_program(
        run,
        "import gage, os\ngage.progress(1, 9); gage.progress(2, 9)\n"
        "pid = os.fork()\n"
        "if pid:\n os.waitpid(pid, 0); gage.progress(9, 9)\n"
        "else:\n gage.progress(8, 9)",
    )

    assert reported(run) == (9, 9, "")


@pytest.mark.parametrize("value", ["3", None, [3], 1j], ids=repr)
def test_what_is_not_a_number_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    monkeypatch.setenv("RUN_DIR", run.run_dir)
    monkeypatch.setattr(progress_report, "_own", progress_report._OwnProgress())

    with pytest.raises(TypeError, match="expected a number for completed, found"):
        progress(value, 10)


def test_numpy_numbers_count(run: Run) -> None:
    run_program(run, "import gage, numpy as np; gage.progress(np.int64(3), np.float32(4))")

    assert reported(run) == (3, 4, "")


@pytest.mark.parametrize("data", [b"", b"3", b"3 ten \n", b"\xff\xfe"], ids=repr)
def test_file_in_another_form_says_nothing(run: Run, data: bytes) -> None:
    path = Path(run.meta_dir, "proc", "progress")
    path.write_bytes(data)

    assert read_reported_progress(run.meta_dir) is None
