"""What users ask for in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gage
from gage._internal.api.driver import user_attrs


@pytest.fixture
def script(project: Path, runs_home: Path) -> Path:
    (project / "train.py").write_text("lr = 0.1\nprint('lr is', lr)\n")
    return project / "train.py"


def test_a_script_is_run_with_values_and_remembered(script: Path) -> None:
    run = gage.run("train.py", {"lr": 0.5}, label="best", tags=["a", "b", "a"])

    assert (run.status, run.last_lines(), run.config) == ("completed", "lr is 0.5", {"lr": 0.5})
    assert (run.label, run.tags) == ("best", ["a", "b"])
    assert script.read_text() == "lr = 0.1\nprint('lr is', lr)\n"


def test_runs_are_found_again(script: Path) -> None:
    first, second = gage.run("train.py"), gage.run("train.py")

    assert gage.runs() == [second, first]
    assert gage.find() == second
    assert gage.find(2) == first
    assert gage.find(first.name) == first
    with pytest.raises(gage.RunNotFound):
        gage.find("nothing-like-it")


def test_a_failed_run_is_no_error_unless_it_is_checked(script: Path) -> None:
    script.write_text("raise SystemExit('no luck')")

    assert gage.run("train.py").status == "error"
    with pytest.raises(gage.RunFailed, match="no luck"):
        gage.run("train.py", check=True)


def test_a_run_in_the_background_is_running(script: Path) -> None:
    script.write_text("import time; time.sleep(1000)")

    run = gage.run("train.py", background=True)

    assert run.status == "running"
    assert run.stop(grace_s=0.2).name == "terminated"


def test_a_staged_run_starts_when_it_is_told_to(script: Path) -> None:
    run = gage.run("train.py", {"lr": 3}, stage=True)
    script.unlink()

    run.start()
    run.wait()

    assert run.last_lines() == "lr is 3.0"


def test_another_directory_is_another_project(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GAGE_RUNS")
    other = tmp_path / "other"
    other.mkdir()
    (other / "gage.toml").write_text('[hello]\nexec = "echo hello"\n')

    run = gage.run("hello", directory=str(other))

    assert run.last_lines() == "hello"
    assert Path(run.run_dir).parent == other / ".gage" / "runs"
    assert gage.runs(directory=str(other)) == [run]
    assert [opdef.name for opdef in gage.operations(str(other))] == ["hello"]
    assert gage.runs() == []


def test_what_cannot_be_run_makes_no_run(script: Path) -> None:
    for target, config in (("none.py", {}), ("train.py", {"rl": 1})):
        with pytest.raises(gage.GageError):
            gage.run(target, config)

    with pytest.raises(gage.DependencyError):
        gage.run("train.py", with_files=["none.csv"])
    assert gage.runs() == []


def test_each_step_is_told(script: Path) -> None:
    told: list[str] = []

    gage.run("train.py", on_event=lambda event, _: told.append(event))

    assert (told[0], told[-1]) == ("made", "started")
    assert "copy-sourcecode" in told


@pytest.mark.parametrize(
    ("label", "tags", "attrs"),
    [
        (None, [], {}),
        ("", [], {"label": ""}),
        ("x", ["b", "a", "b"], {"label": "x", "tags": ["b", "a"]}),
    ],
    ids=["none", "empty", "both"],
)
def test_only_what_was_given_is_stored(
    label: str | None, tags: list[str], attrs: dict[str, object]
) -> None:
    assert user_attrs(label, tags) == attrs


def test_runs_are_narrowed_by_conditions(script: Path) -> None:
    first, _ = gage.run("train.py", label="a"), gage.run("train.py", label="b")

    assert gage.runs("label=a", "status=completed") == [first]
    with pytest.raises(gage.OptionError, match=r"gage.runs\(directory='proj'\)"):
        gage.runs("proj")
    with pytest.raises(gage.OptionError, match="no run has a value 'state'"):
        gage.runs("state=x")


def test_the_answer_says_whether_the_run_was_found(script: Path) -> None:
    first = gage.run("train.py")

    found = gage.run("train.py", needed=True)

    assert (found, found.found, first.found) == (first, True, False)
    assert len(gage.runs()) == 1


def test_files_and_rows_are_looked_for_in_the_directory(
    project: Path, runs_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "train.py").write_text("lr = 0.1\nprint(open('data.csv').read(), lr)\n")
    (project / "data.csv").write_text("data")
    (project / "rows.csv").write_text("lr\n1\n2\n")
    monkeypatch.chdir(tmp_path)

    batch = gage.run_batch(
        "train.py", rows="rows.csv", with_files=["data.csv"], directory=str(project)
    )

    assert sorted(run.last_lines() for run in batch.runs) == ["data 1.0", "data 2.0"]


def test_a_seed_needs_something_that_is_drawn(script: Path) -> None:
    with pytest.raises(gage.ConfigError, match=r"to draw from \(--seed\), found none"):
        gage.run_batch("train.py", {"lr": [1, 2]}, seed=1)

    assert not gage.batches()


@pytest.mark.parametrize(
    ("keywords", "metrics"),
    [
        ({}, {"loss": 0.5}),
        ({"metrics": ["frames"]}, {"frames": 12.0}),
        ({"metrics": [r"(?P<loss>\S+)$", r"(\w+) (\d+)"]}, {"loss": 12.0, "frames": 12.0}),
        ({"metrics": "frames"}, {"frames": 12.0}),
        ({"no_metrics": True}, {}),
    ],
    ids=["default", "a name", "expressions", "one string", "none"],
)
def test_a_request_says_what_is_a_metric(
    tmp_path: Path, keywords: dict[str, Any], metrics: dict[str, float]
) -> None:
    (tmp_path / "play.py").write_text("print('loss: 0.5')\nprint('after frames 12')\n")

    run = gage.run("play.py", directory=str(tmp_path), **keywords)

    assert {name: one.last for name, one in run.metrics.items()} == metrics


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"metrics": ["("]}, "--metrics: .*unterminated"),
        ({"metrics": ["(x)"]}, "such as reward"),
        ({"metrics": ["x"], "no_metrics": True}, "do not go together"),
    ],
    ids=["no expression", "no groups", "both"],
)
def test_metrics_that_cannot_be_found_are_refused(
    script: Path, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(gage.OptionError, match=message):
        gage.run("train.py", **keywords)
    assert gage.runs() == []
