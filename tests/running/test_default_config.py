"""The configuration of a run that was given no values, read while its command runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gage
from gage._internal.process.ending import wait_for_exit
from gage._internal.record.status import live_supervisors
from gage._internal.running.default_config import DefaultConfig, known_config


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path / "runs"))
    return tmp_path


def test_defaults_of_a_script_are_read_by_a_child(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\nname = 'caf\xe9'\nprint(lr)\n", "utf-8")
    run = gage.run("train.py")

    assert known_config(run) is None
    assert DefaultConfig(run).value() == {"lr": 0.1, "name": "caf\xe9"}


@pytest.mark.parametrize("text", ["print('hi')\n", ""])
def test_script_that_assigns_nothing_is_not_parsed(project: Path, text: str) -> None:
    (project / "hi.py").write_text(text)
    run = gage.run("hi.py")

    assert known_config(run) == {}
    assert DefaultConfig(run).value() == {}


def test_given_values_are_known(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\nprint(lr)\n")
    run = gage.run("train.py", {"lr": 0.2})

    assert known_config(run) == {"lr": 0.2}


def test_source_that_cannot_be_read_gives_nothing(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\nprint(lr)\n")
    run = gage.run("train.py")
    Path(run.run_dir).chmod(0o755)
    staged = Path(run.run_dir, "train.py")
    staged.unlink()
    staged.write_text("lr = (\n")

    assert DefaultConfig(run).value() == {}


def test_facts_have_the_defaults_of_what_ran(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\nprint(lr)\n")
    run = gage.run("train.py")

    assert _facts(run)["config"] == {"lr": 0.1}


def test_facts_of_a_run_that_rewrote_its_source_are_those_of_the_record(project: Path) -> None:
    (project / "train.py").write_text(
        "lr = 0.1\nimport os\nos.unlink('train.py')\nopen('train.py', 'w').write('lr = 0.5')\n"
    )
    run = gage.run("train.py")

    assert _facts(run)["config"] == dict(run.config)


def _facts(run: gage.RecordedRun) -> dict[str, object]:
    for supervisor in live_supervisors(run):
        wait_for_exit(supervisor)  # it writes them last, when nobody waits for it any more
    facts: dict[str, object] = json.loads(Path(run.meta_dir, "facts.json").read_text())
    return facts
