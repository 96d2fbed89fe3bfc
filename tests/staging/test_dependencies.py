"""A run gets what it depends on, and it is recorded where that came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gage._internal.errors import DependencyError
from gage._internal.record.run_meta import read_attr
from gage._internal.running.runner import start_run, wait_for_run
from gage._internal.staging.dependencies import copy_dependencies
from gage._internal.staging.staging import init_run_meta, make_run, stage_run
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from tests.making import initialized, meta


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def prepare(store: Path, command: str, project: Path, name: str = "prepare") -> Run:
    """Return an ended run of an operation."""
    run = make_run(str(store))
    system = {"project": str(project)}
    init_run_meta(
        run, OpRef("gage", name), OpDef(name, {}), {}, OpCmd(command, {}), system_attrs=system
    )
    stage_run(str(project), run)
    start_run(run)
    wait_for_run(run)
    return run


def depend(
    store: Path, project: Path, *tables: dict[str, Any]
) -> tuple[Run, dict[str, str], list[str]]:
    """Return a run that got dependencies, the text of each, and the notes."""
    run = initialized(store)
    copied, notes = copy_dependencies(str(project), run, tables)
    return run, {file.path: Path(run.run_dir, file.path).read_text() for file in copied}, notes


# Files of the project


def test_files_of_the_project_are_copied_by_pattern(store: Path, project: Path) -> None:
    (project / "data" / "deep").mkdir(parents=True)
    for name in ("data/a.csv", "data/deep/b.csv", "data/c.txt"):
        (project / name).write_text(name)

    _, found, notes = depend(store, project, {"files": ["data/**/*.csv", "-data/deep/*"]})

    assert found == {"data/a.csv": "data/a.csv"}
    assert notes == []


def test_a_pattern_without_a_file_is_a_missing_dependency(store: Path, project: Path) -> None:
    (project / "a.csv").write_text("")

    with pytest.raises(DependencyError, match=r"no file of .* matches 'b\.csv'. Make the file"):
        depend(store, project, {"files": ["a.csv", "b.csv"]})


def test_what_the_run_has_is_not_copied_again(store: Path, project: Path) -> None:
    (project / "a\nb.csv").write_text("project's")
    run = initialized(store)
    Path(run.run_dir, "a\nb.csv").write_text("the run's")

    copied, notes = copy_dependencies(str(project), run, [{"files": ["*.csv"]}])

    assert copied == []
    assert notes == ['Not copied, the run has it already: "a\\nb.csv"']
    assert Path(run.run_dir, "a\nb.csv").read_text() == "the run's"


def test_a_summary_of_runs_is_ignored_and_named(store: Path, project: Path) -> None:
    table = {"type": "runs-summary", "runs-select": "train"}

    _, found, notes = depend(store, project, table)

    assert found == {}
    assert [note.partition(" in ")[0] for note in notes] == ["Ignored: the summary of runs 'train'"]


def test_a_table_that_names_nothing_is_refused(store: Path, project: Path) -> None:
    with pytest.raises(DependencyError, match="expected `files` or `run` in a dependency"):
        depend(store, project, {})


# Files of other runs


@pytest.mark.parametrize(
    "table",
    [
        {"run": "prepare"},
        {"run-select": "operation=prepare"},
        {"run-select": "prepare"},
        {"run": "prepare", "files": "data.csv"},
    ],
    ids=str,
)
def test_what_the_newest_completed_run_made_is_copied(
    store: Path, project: Path, table: dict[str, Any]
) -> None:
    (project / "own.txt").write_text("source code of both")
    prepare(store, "echo old > data.csv", project)
    newest = prepare(store, "echo new > data.csv", project)
    prepare(store, "echo failed > data.csv; exit 1", project)
    prepare(store, "echo other > data.csv", project, name="other")

    run, found, notes = depend(store, project, table)

    assert found == {"data.csv": "new\n"}
    assert notes == [f"Taken from run {newest.name} of prepare: data.csv"]
    assert read_attr(run, "sys", "dependencies") == [
        {"path": "data.csv", "run": newest.id, "name": newest.name, "operation": "prepare"}
    ]


def test_runs_of_other_projects_are_not_taken(store: Path, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    own = prepare(store, "echo own > data.csv", project)
    newer = prepare(store, "echo other > data.csv", other)

    _, found, notes = depend(store, project, {"run": "prepare"})
    _, named, _ = depend(store, project, {"run": newer.name})

    assert found == {"data.csv": "own\n"}
    assert notes == [f"Taken from run {own.name} of prepare: data.csv"]
    assert named == {"data.csv": "other\n"}


def test_a_run_that_only_another_project_has_is_missing(
    store: Path, project: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    prepare(store, "echo other > data.csv", other)

    with pytest.raises(DependencyError, match=rf"of this project. \S+ is of another, {other}"):
        depend(store, project, {"run": "prepare"})


def test_a_project_that_was_moved_with_its_runs_keeps_them(project: Path, tmp_path: Path) -> None:
    prepare(project / ".gage" / "runs", "echo own > data.csv", project)
    moved = tmp_path / "moved"
    project.rename(moved)

    _, found, _ = depend(moved / ".gage" / "runs", moved, {"run": "prepare"})

    assert found == {"data.csv": "own\n"}


def test_a_run_can_be_named(store: Path, project: Path) -> None:
    old = prepare(store, "echo old > data.csv", project)
    prepare(store, "echo new > data.csv", project)

    _, found, _ = depend(store, project, {"run": old.name})

    assert found == {"data.csv": "old\n"}


def test_patterns_choose_among_all_files_of_a_run(store: Path, project: Path) -> None:
    (project / "own.txt").write_text("staged")
    prepare(store, "echo 1 > a.csv; echo 2 > b.csv", project)

    _, found, _ = depend(store, project, {"run": "prepare", "files": ["*", "-b.csv"]})

    assert found == {"a.csv": "1\n", "own.txt": "staged"}


@pytest.mark.parametrize(
    ("command", "table", "message"),
    [
        (None, {"run": "prepare"}, "no run of an operation 'prepare'.*Run it: gage run prepare"),
        (
            "exit 1",
            {"run": "prepare"},
            r"no run of 'prepare' has completed \(the newest is .*error",
        ),
        ("true", {"run": "prepare"}, "no file of run .* was made by it"),
        ("echo > a", {"run": "prepare", "files": ["*.csv"]}, r"no file .* matches \['\*\.csv'\]"),
    ],
    ids=["no-run", "not-completed", "made-nothing", "no-match"],
)
def test_a_missing_dependency_is_said_with_what_to_do(
    store: Path, project: Path, command: str | None, table: dict[str, Any], message: str
) -> None:
    if command is not None:
        prepare(store, command, project)

    with pytest.raises(DependencyError, match=message):
        depend(store, project, table)


def test_a_file_that_is_not_what_its_manifest_says_is_refused(store: Path, project: Path) -> None:
    source = prepare(store, "echo 1 > data.csv", project)
    path = Path(source.run_dir, "data.csv")
    path.unlink()
    path.write_text("forged")

    with pytest.raises(DependencyError, match=r"are not what its manifest says: data\.csv"):
        depend(store, project, {"run": "prepare"})


def test_source_code_is_not_taken_for_what_another_run_made(store: Path, project: Path) -> None:
    prepare(store, "echo new > data.csv", project)
    (project / "data.csv").write_text("old\n")
    run = initialized(store, data={"depends": {"run": "prepare"}})

    with pytest.raises(DependencyError, match=r"data\.csv\. Leave them out of it, such as by"):
        stage_run(str(project), run)


def test_source_code_that_is_the_same_will_do(store: Path, project: Path) -> None:
    prepare(store, "echo new > data.csv", project)
    (project / "data.csv").write_text("new\n")
    run = initialized(store, data={"depends": {"run": "prepare"}})

    stage_run(str(project), run)

    assert meta(run, "manifest").read_text().startswith("s ")


def test_a_file_that_is_gone_is_said(store: Path, project: Path) -> None:
    source = prepare(store, "echo 1 > 'a b.csv'", project)
    Path(source.run_dir, "a b.csv").unlink()

    with pytest.raises(DependencyError, match=r"files of run .* are gone: a b\.csv"):
        depend(store, project, {"run": "prepare"})


def test_a_copied_dependency_is_in_the_manifest_with_its_type(store: Path, project: Path) -> None:
    prepare(store, "echo 1 > data.csv", project)
    run = initialized(store, data={"sourcecode": [], "depends": {"run": "prepare"}})

    stage_run(str(project), run)

    assert meta(run, "manifest").read_text().startswith("d ")
    assert meta(run, "manifest").read_text().endswith(" data.csv\n")
