"""What users name is found, whatever kind of thing it is; what is not there is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import ConfigError, DependencyError, GagefileError, TargetError
from gage._internal.operations.configuring import configure
from gage._internal.operations.gagefile import load_gagefile
from gage._internal.operations.targets import (
    known_operations,
    known_scripts,
    resolve_target,
    with_given_files,
)
from gage._internal.types import GivenFile, OpRef

GAGEFILE = """
[train]
exec = "python train.py"
default = true
config = "train.py"
env = { DEVICE = "cpu", N = 3 }

[listed]
exec = ["python", "train.py"]

[scripted]
exec = '''#!/bin/sh
echo hi
'''

[empty]
description = "nothing to run"
"""


@pytest.fixture
def with_gagefile(project: Path) -> Path:
    (project / "gage.toml").write_text(GAGEFILE)
    (project / "train.py").write_text("lr = 0.1\nn = 5\n")
    return project


# Scripts, modules, notebooks


def test_a_script_is_run_by_python_and_taken_whatever_the_defaults_say(project: Path) -> None:
    (project / "train.py").write_text("")

    operation = resolve_target("train.py", args=["-v", "a b"])

    assert operation.opref == OpRef("script", "train.py")
    assert operation.cmd.args == ["python", "train.py", "-v", "a b"]
    assert operation.project_dir == str(project)
    assert isinstance(operation.opdef.sourcecode, list)
    assert operation.opdef.sourcecode[-1] == "train.py"


def test_a_script_below_the_directory_keeps_its_path(project: Path) -> None:
    (project / "src").mkdir()
    (project / "src" / "train.py").write_text("")

    operation = resolve_target("./src/../src/train.py")

    assert operation.cmd.args == ["python", "src/train.py"]
    assert operation.project_dir == str(project)


def test_a_script_elsewhere_has_its_own_directory_as_project(project: Path) -> None:
    other = project.parent / "other"
    other.mkdir()
    (other / "train.py").write_text("")

    operation = resolve_target("../other/train.py")

    assert operation.cmd.args == ["python", "train.py"]
    assert operation.project_dir == str(other)


def test_a_script_whose_name_is_like_an_option_is_no_option(project: Path) -> None:
    (project / "-c.py").write_text("")

    assert resolve_target("./-c.py").cmd.args == ["python", "./-c.py"]


def test_a_script_whose_name_is_a_pattern_is_that_file(project: Path) -> None:
    (project / "[a]*.py").write_text("x = 1\n")
    (project / "a1.py").write_text("y = 2\n")

    operation = resolve_target("[a]*.py", {"x": 3})

    assert operation.config == {"x": 3}


@pytest.mark.parametrize("name", ["pkg", "pkg.mod", "_x.y_1"])
def test_a_module_is_run_by_its_name(project: Path, name: str) -> None:
    operation = resolve_target(f"-m {name}", args=["a"])

    assert operation.opref == OpRef("module", name)
    assert operation.cmd.args == ["python", "-m", name, "a"]


@pytest.mark.parametrize("name", ["", "a-b", "a..b", "a/b", "a b"])
def test_what_is_no_module_is_refused(project: Path, name: str) -> None:
    with pytest.raises(TargetError, match="expected -m MODULE with a dotted name"):
        resolve_target(f"-m {name}")


def test_a_notebook_takes_values_and_no_arguments(project: Path) -> None:
    (project / "a.ipynb").write_text('{"cells": [], "nbformat": 4, "nbformat_minor": 5}')

    operation = resolve_target("a.ipynb")

    assert operation.opref == OpRef("notebook", "a.ipynb")
    assert operation.cmd.args[-1] == "a.ipynb"
    with pytest.raises(TargetError, match=r"a notebook takes no arguments, found \['x'\]"):
        resolve_target("a.ipynb", args=["x"])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("trian.py", r"expected the file trian\.py, found nothing in .*Did you mean 'train\.py'"),
        ("no.py", r"expected the file no\.py, found nothing in .* Here: .*train\.py"),
        ("dir.py", r"expected the file dir\.py, found a directory"),
        ("no.ipynb", r"expected the file no\.ipynb, found nothing"),
        ("trian", "There is no Gage file in"),
        ("", "expected a .py file, an .ipynb file"),
    ],
    ids=repr,
)
def test_what_is_not_there_is_said(project: Path, target: str, message: str) -> None:
    (project / "train.py").write_text("")
    (project / "dir.py").mkdir()

    with pytest.raises(TargetError, match=message):
        resolve_target(target)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("trian", "Did you mean 'train' or 'train.py'? Operations of {}: train, test"),
        ("xyz", "Operations of {}: train, test. Files here: train.py"),
    ],
)
def test_unknown_target_says_what_a_target_can_be(
    project: Path, target: str, expected: str
) -> None:
    (project / "train.py").write_text("")
    (project / "gage.toml").write_text('[train]\nexec = "true"\n[test]\nexec = "true"\n')

    with pytest.raises(TargetError) as caught:
        resolve_target(target)

    assert str(caught.value) == (
        f"expected a .py file, an .ipynb file, -m MODULE or an operation, found {target!r}. "
        + expected.format(project / "gage.toml")
    )


def test_nothing_to_run_is_said_with_what_is_there(project: Path) -> None:
    (project / "train.py").write_text("")

    with pytest.raises(TargetError, match=r"found nothing: name an operation.*Here: train\.py"):
        resolve_target(None)


def test_values_for_a_module_are_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match="expected no configuration for module pkg, found x"):
        resolve_target("-m pkg", {"x": 1})


def test_values_are_read_where_they_are_needed_and_keep_their_type(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\nn = 5\n")

    assert resolve_target("train.py").config == {}
    assert resolve_target("train.py", {"lr": 1}).config == {"lr": 1.0, "n": 5}


def test_a_wrong_type_is_an_error_or_without_strict_a_note(project: Path) -> None:
    (project / "train.py").write_text("n = 5\n")

    notes = resolve_target("train.py", {"n": "many"}, strict=False).notes

    assert len(notes) == 1
    with pytest.raises(ConfigError, match=r"n: expected int, .* found str .*--no-strict"):
        resolve_target("train.py", {"n": "many"})


# Operations


def test_an_operation_has_what_its_table_says(with_gagefile: Path) -> None:
    operation = resolve_target("train", {"lr": 0.5})

    assert operation.opref == OpRef("gage", "train")
    assert operation.cmd.args == "python train.py"
    assert operation.cmd.env == {"DEVICE": "cpu", "N": "3"}
    assert operation.config == {"lr": 0.5, "n": 5}


def test_the_default_operation_needs_no_name(with_gagefile: Path) -> None:
    assert resolve_target(None).opref.op_name == "train"


def test_a_gage_file_of_a_parent_counts_with_its_directory(with_gagefile: Path) -> None:
    (with_gagefile / "deep").mkdir()

    operation = resolve_target("train", directory=str(with_gagefile / "deep"))

    assert operation.project_dir == load_gagefile(str(with_gagefile / "gage.toml")).project_dir


@pytest.mark.parametrize(
    ("target", "command"),
    [("train", "python train.py -v 'a b'"), ("listed", ["python", "train.py", "-v", "a b"])],
    ids=["shell", "list"],
)
def test_arguments_come_after_the_command(
    with_gagefile: Path, target: str, command: str | list[str]
) -> None:
    assert resolve_target(target, args=["-v", "a b"]).cmd.args == command


def test_a_script_in_a_gage_file_takes_no_arguments(with_gagefile: Path) -> None:
    with pytest.raises(TargetError, match=r"operation 'scripted' of .* takes no arguments"):
        resolve_target("scripted", args=["-v"])


def test_an_operation_without_a_command_is_said(with_gagefile: Path) -> None:
    with pytest.raises(TargetError, match=r"operation 'empty' of .* has no command: add exec"):
        resolve_target("empty")


def test_an_unknown_operation_is_said_with_near_misses(with_gagefile: Path) -> None:
    with pytest.raises(TargetError, match="train"):
        resolve_target("tran")


def test_a_file_that_does_not_exist_is_said_with_few_others_of_its_kind(project: Path) -> None:
    for number in range(10):
        (project / f"{number}-{'a long notebook name ' * 4}.ipynb").write_text("{}")
    for number in range(7):
        (project / f"script{number}.py").write_text("")

    with pytest.raises(TargetError) as script:
        resolve_target("no_such.py")
    with pytest.raises(TargetError) as notebook:
        resolve_target("no_such.ipynb")

    here = str(script.value).partition(". Here: ")[2]
    assert here == ", ".join(f"script{number}.py" for number in range(5)) + " and 2 more"
    names = str(notebook.value).partition(". Here: ")[2].removesuffix(" and 5 more").split(", ")
    assert len(names) == 5
    assert all(len(name) <= 40 and name.endswith("…") for name in names)


def test_a_script_is_found_beside_a_gage_file(with_gagefile: Path) -> None:
    assert resolve_target("train.py").opref == OpRef("script", "train.py")


def test_configuring_needs_a_configuration(with_gagefile: Path) -> None:
    operation = resolve_target("listed")

    assert configure(operation, str(with_gagefile)) is operation
    with pytest.raises(ConfigError, match=r"define an operation's `config` in .*gage\.toml"):
        resolve_target("listed", {"x": 1})


# Given files


def test_a_given_file_of_the_project_keeps_its_path_and_others_lie_at_the_top(
    project: Path,
) -> None:
    (project / "train.py").write_text("")
    (project / "data").mkdir()
    (project / "data" / "a.csv").write_text("")
    (project.parent / "b.csv").write_text("")

    operation = with_given_files(resolve_target("train.py"), ["data/a.csv", "../b.csv"])

    assert operation.given == (
        GivenFile("d", str(project), "data/a.csv", origin=str(project / "data" / "a.csv")),
        GivenFile("d", str(project.parent), "b.csv", origin=str(project.parent / "b.csv")),
    )


def test_all_faults_of_given_files_are_told_at_once(project: Path) -> None:
    (project / "train.py").write_text("")
    for directory in ("x", "y"):
        (project.parent / directory).mkdir()
        (project.parent / directory / "same.csv").write_text("")

    with pytest.raises(DependencyError) as caught:
        with_given_files(resolve_target("train.py"), ["none.csv", "../x/same.csv", "../y/same.csv"])

    lines = str(caught.value).splitlines()
    assert lines[0].startswith("expected the file none.csv, found nothing")
    assert lines[1].startswith("two files would be same.csv in the run")


# What is here


def test_operations_and_scripts_are_listed(with_gagefile: Path) -> None:
    for name in ("b.py", "a.ipynb", ".hidden.py", "c.txt"):
        (with_gagefile / name).write_text("")

    assert [opdef.name for opdef in known_operations()] == ["train", "listed", "scripted", "empty"]
    assert known_scripts() == ["a.ipynb", "b.py", "train.py"]


def test_a_directory_that_is_not_there_has_nothing(project: Path) -> None:
    assert known_scripts(str(project / "none")) == []
    assert known_operations(str(project)) == []


def test_a_faulty_operation_leaves_the_rest_usable(with_gagefile: Path) -> None:
    path = with_gagefile / "gage.toml"
    path.write_text(f"{path.read_text()}\n[broken]\nexc = 'x'\n")
    (with_gagefile / "deep").mkdir()

    descriptions = {opdef.name: opdef.description for opdef in known_operations(str(with_gagefile))}

    assert descriptions["broken"] == "(has faults: gage check)"
    assert resolve_target("listed", directory=str(with_gagefile / "deep")).opref.op_name == "listed"
    assert resolve_target("train.py", directory=str(with_gagefile)).opref.op_ns == "script"
    with pytest.raises(GagefileError, match=r"broken\.exc: unknown key"):
        resolve_target("broken", directory=str(with_gagefile))
