"""A variable that an earlier run saved is loaded again, a pickle only from those one trusts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gage
from gage._internal.store.trash import delete_run

PROGRAM = """\
from gage.inside import save
plain, model = {"a": (1, 2)}, range(3)
save(globals(), "plain", "model")
"""


@pytest.fixture(autouse=True)
def _program(project: Path, runs_home: Path) -> None:
    (project / "fit.py").write_text(PROGRAM)


@pytest.fixture
def of_another(project: Path) -> gage.RecordedRun:
    """A run that another process made."""
    root = str(Path(gage.__file__).parents[1])
    subprocess.run(
        [sys.executable, "-c", "import gage; gage.run('fit.py')"],
        env={**os.environ, "PYTHONPATH": root},
        cwd=project,
        check=True,
    )
    return gage.find()


def test_what_this_process_made_is_loaded() -> None:
    run = gage.run("fit.py")

    assert run.load("model") == range(3)
    assert gage.find(run.name).load("plain") == {"a": (1, 2)}


def test_what_a_trial_of_this_process_saved_is_loaded(project: Path) -> None:
    (project / "fit.py").write_text(f"seed = 0\n{PROGRAM}")
    (run,) = gage.run_batch("fit.py", rows=[{"seed": 1}]).runs

    assert run.load("model") == range(3)


def test_a_resumed_batch_is_own_only_where_this_process_made_the_run(project: Path) -> None:
    (project / "fit.py").write_text(f"seed = 0\n{PROGRAM}")
    root = str(Path(gage.__file__).parents[1])
    rows = [{"seed": 1}, {"seed": 2}]
    code = f"import gage; gage.run_batch('fit.py', rows={rows})"
    env = {**os.environ, "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", code], env=env, cwd=project, check=True)
    first, second = gage.batches()[0].runs
    delete_run(second)

    again = gage.run_batch("fit.py", rows=rows, resume=True)

    assert again.runs[0].id == first.id
    assert again.runs[1].load("model") == range(3)
    with pytest.raises(gage.DependencyError, match="did not start"):
        again.runs[0].load("model")


def test_a_pickle_of_another_process_is_loaded_only_when_trusted(
    of_another: gage.RecordedRun,
) -> None:
    with pytest.raises(gage.DependencyError, match=r"say so with `--trust` \(trust=True\)"):
        of_another.load("model")

    assert of_another.load("model", trust=True) == range(3)
    assert of_another.load("plain") == {"a": (1, 2)}


def test_an_unknown_variable_names_what_there_is() -> None:
    run = gage.run("fit.py")

    with pytest.raises(
        gage.DependencyError, match=r"it saved model, plain\. Did you mean 'model'\?"
    ):
        run.load("mode")


@pytest.mark.parametrize("name", ["../fit", "", "fit"])
def test_only_what_was_saved_is_loaded(name: str) -> None:
    run = gage.run("fit.py")

    with pytest.raises(gage.DependencyError, match="has no variable"):
        run.load(name, trust=True)


def test_a_changed_file_is_not_loaded() -> None:
    run = gage.run("fit.py")
    path = Path(run.run_dir, "outputs", "model.pickle")
    path.chmod(0o644)
    path.write_bytes(b"other")

    with pytest.raises(gage.DependencyError, match="has changed since the run made it"):
        run.load("model", trust=True)


def test_a_file_that_is_gone_is_said() -> None:
    run = gage.run("fit.py")
    Path(run.run_dir, "outputs", "plain.json").unlink()

    with pytest.raises(gage.DependencyError, match="not there any more"):
        run.load("plain")
