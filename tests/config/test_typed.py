"""What is given for a key: how a string is read, and which type the value has in the end."""

from __future__ import annotations

import enum
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.config import (
    Config,
    Text,
    parse_assignment,
    parse_value,
    read_config,
    resolve_values,
    rewrite,
)
from gage._internal.errors import ConfigError

SOURCE = """\
lr = 0.1
epochs = 5
name = "adam"
debug = False
nothing = None
layers = [64, 32]
rates = [0.1, 0.2]
size = (3, 4)
opts = {"lr": 0.1, "deep": {"n": 1}, "a.b": 2}
"""


class Mode(enum.StrEnum):
    FAST = "fast"


@pytest.fixture(name="config")
def _config(tmp_path: Path) -> Config:
    (tmp_path / "train.py").write_text(SOURCE)
    return read_config(str(tmp_path), [{"keys": ["train.py"]}])


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("lr", "1", 1.0),
        ("lr", "1e-3", 0.001),
        ("lr", ".5", 0.5),
        ("lr", "inf", float("inf")),
        ("lr", "-Infinity", float("-inf")),
        ("epochs", "10", 10),
        ("epochs", "1e3", 1000),
        ("epochs", "1_000", 1000),
        ("name", "sgd", "sgd"),
        ("name", "1.0", "1.0"),
        ("name", "null", "null"),
        ("name", "", ""),
        ("name", ' it\'s "x" ', ' it\'s "x" '),
        ("debug", "true", True),
        ("debug", "Yes", True),
        ("debug", "0", False),
        ("nothing", "1", 1),
        ("nothing", "null", None),
        ("nothing", "x", "x"),
        ("layers", "[1, 2]", [1, 2]),
        ("layers", "(1, 2)", [1, 2]),
        ("layers", "[]", []),
        ("rates", "[1, 2]", [1.0, 2.0]),
        ("size", "[1, 2]", (1, 2)),
        ("opts", '{"lr": 1}', {"lr": 1.0}),
        ("opts", "{'lr': 1, 'new': None}", {"lr": 1.0, "new": None}),
    ],
)
def test_text_becomes_the_type_of_the_default(
    config: Config, key: str, text: str, expected: Any
) -> None:
    values, warnings = resolve_values(config, {key: Text(text)}, strict=True)

    assert repr(values[key]) == repr(expected)
    assert warnings == []


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("lr", 1, 1.0),
        ("lr", np.float32(0.5), 0.5),
        ("lr", np.float64(0.5), 0.5),
        ("epochs", np.int64(3), 3),
        ("epochs", 3.0, 3),
        ("epochs", "3", 3),
        ("name", Mode.FAST, "fast"),
        ("name", Path("a/b"), str(Path("a", "b"))),
        ("debug", np.bool_(True), True),
        ("nothing", "1", "1"),
        ("nothing", np.array([1, 2]), [1, 2]),
        ("layers", (1, 2), [1, 2]),
        ("layers", [], []),
    ],
)
def test_python_value_becomes_the_type_of_the_default(
    config: Config, key: str, value: Any, expected: Any
) -> None:
    values, _ = resolve_values(config, {key: value})

    assert repr(values[key]) == repr(expected)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("lr", Text("fast"), ("lr: expected float, like the default in train.py (0.1), "
         "found str ('fast')")),
        ("epochs", 2.5, "epochs: expected int, like the default in train.py (5), found float"),
        ("epochs", True, "found bool (True)"),
        ("debug", 2, "expected bool"),
        ("name", 5, "expected str, like the default in train.py ('adam'), found int (5)"),
        ("lr", None, "found null (None)"),
        ("layers", Text("3"), "expected list"),
        ("layers", ["a"], ("expected list of int, like the default in train.py ([64, 32]), "
         "found list of str (['a'])")),
        ("opts.lr", "x", "opts.lr: expected float"),
        ("opts", {"lr": "x"}, "expected dict"),
        ("lr", 10**400, "expected float"),
        ("lr", Text("[0.1,0.2"), "found str ('[0.1,0.2'): a bracket is not closed"),
    ],
)  # fmt: skip
def test_wrong_type_is_a_warning_and_strictly_an_error(
    config: Config, key: str, value: Any, message: str
) -> None:
    values, warnings = resolve_values(config, {key: value})
    with pytest.raises(ConfigError, match=re.escape(message)):
        resolve_values(config, {key: value}, strict=True)

    assert len(warnings) == 1
    assert message in warnings[0]
    assert values.keys() == config.keys()


def test_keys_lead_into_values(config: Config) -> None:
    given = {"layers.0": Text("1"), "opts.deep.n": 7, 'opts."a.b"': 3, "size.1": 9}

    values, warnings = resolve_values(config, given)

    assert values["layers"] == [1, 32]
    assert values["opts"] == {"lr": 0.1, "deep": {"n": 7}, "a.b": 3}
    assert values["size"] == (3, 9)
    assert warnings == []
    assert config["opts"].value["deep"] == {"n": 1}


def test_dict_is_given_for_several_keys(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("model: {lr: 0.1, deep: {n: 1}, m: 2}\n")
    config = read_config(str(tmp_path), [{"keys": ["c.yaml"]}])

    values, _ = resolve_values(config, {"model": Text('{"lr": 1, "deep": {"n": 2}}')})

    assert values == {"model.lr": 1.0, "model.deep.n": 2, "model.m": 2}


def test_a_key_of_several_files_is_near_without_its_file(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("lr = 0.1\n" if name == "a.py" else "lr = 0.2\n")
    config = read_config(str(tmp_path), [{"keys": ["*.py"]}])

    with pytest.raises(ConfigError, match=r"found 'lrr'\. Did you mean 'lr'\?"):
        resolve_values(config, {"lrr": 1})


def test_all_faults_come_in_one_error(config: Config) -> None:
    given = {"epoch": 1, "lr.x": 1, "layers.7": 1, "opts.dep.n": 1, "name": object()}

    with pytest.raises(ConfigError) as caught:
        resolve_values(config, given)

    assert str(caught.value).splitlines() == [
        (
            "expected the key of a value, found 'epoch'. Did you mean 'epochs'? "
            "Keys: lr, epochs, name, debug, nothing, layers, rates, size, opts"
        ),
        (
            "expected the key of a value, found 'lr.x'. Did you mean 'lr'? "
            "Keys: lr, epochs, name, debug, nothing, layers, rates, size, opts"
        ),
        "expected the key of a value in layers, found '7'. Keys: 0, 1",
        (
            "expected the key of a value in opts, found 'dep'. Did you mean 'deep'? "
            'Keys: lr, deep, "a.b"'
        ),
        (
            "name: expected a number, string, bool, None, list or dict, "
            f"found object {given['name']!r}"
        ),
    ]


def test_names_of_one_assignment_have_one_value(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("a = b = 1\n")
    config = read_config(str(tmp_path), [{"keys": ["f.py"]}])

    values, _ = resolve_values(config, {"b": 2})

    assert values == {"a": 2, "b": 2}
    with pytest.raises(ConfigError, match=r"a, b: expected one value, .* in f.py .* found 1, 2"):
        resolve_values(config, {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-2.5", -2.5),
        ("1e3", 1000.0),
        ("0x10", 16),
        ("True", True),
        ("false", False),
        ("None", None),
        ("NULL", None),
        ('[1, "a", null]', [1, "a", None]),
        ("(1,)", (1,)),
        ("'a b'", "a b"),
        ('{"a": {"b": []}}', {"a": {"b": []}}),
        ("", ""),
        ("  ", "  "),
        ("a b", "a b"),
        ("010", "010"),
        ("NaN", "NaN"),
        ("{1, 2}", "{1, 2}"),
        ("{1: 2}", "{1: 2}"),
        ("b'x'", "b'x'"),
        ("1j", "1j"),
        ("[1, 2", "[1, 2"),
        ("2001-01-01", "2001-01-01"),
        ("1" * 5000, "1" * 5000),
        ("(" * 5000, "(" * 5000),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_text_without_a_type(text: str, expected: Any) -> None:
    assert repr(parse_value(text)) == repr(expected)


@given(st.text())
def test_any_text_is_a_value(text: str) -> None:
    parse_value(text)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("lr=0.1", ("lr", "0.1")),
        ("a.b.0=", ("a.b.0", "")),
        ("x=a=b", ("x", "a=b")),
        ('"a=b".c=1\n2', ('"a=b".c', "1\n2")),
        ("train.py#lr=1", ("train.py#lr", "1")),
    ],
)
def test_assignment(word: str, expected: tuple[str, str]) -> None:
    key, text = parse_assignment(word)

    assert (key, str(text)) == expected
    assert isinstance(text, Text)


@pytest.mark.parametrize("word", ["lr", "=1", "", "a..b=1", "a.=1", '"a=1'])
def test_what_is_not_an_assignment_is_an_error(word: str) -> None:
    with pytest.raises(ConfigError, match="expected"):
        parse_assignment(word)


# Rewriting, apart from what it does to the text of a file (test_config_lossless)


def test_project_is_never_touched(config: Config, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    os.link(tmp_path / "train.py", run_dir / "train.py")

    rewrite(str(run_dir), config, {"lr": 0.5})

    assert (tmp_path / "train.py").read_text() == SOURCE
    assert "lr = 0.5" in (run_dir / "train.py").read_text()


@pytest.mark.parametrize("link", ["file", "directory"])
def test_link_that_leads_out_of_the_run_is_not_written_through(tmp_path: Path, link: str) -> None:
    project, run_dir = tmp_path / "project", tmp_path / "run"
    (project / "sub").mkdir(parents=True)
    (project / "sub" / "f.py").write_text("x = 1\n")
    config = read_config(str(project), [{"keys": ["sub/f.py"]}])
    run_dir.mkdir()
    if link == "directory":
        (run_dir / "sub").symlink_to(project / "sub")
    else:
        (run_dir / "sub").mkdir()
        (run_dir / "sub" / "f.py").symlink_to(project / "sub" / "f.py")

    with pytest.raises(ConfigError, match="leads outside of the run"):
        rewrite(str(run_dir), config, {"x": 2})

    assert (project / "sub" / "f.py").read_text() == "x = 1\n"


def test_values_as_they_are_change_nothing(config: Config, tmp_path: Path) -> None:
    before = (tmp_path / "train.py").stat()

    diff = rewrite(str(tmp_path), config, {**config.defaults(), "size": [3, 4]})

    assert diff == ""
    assert (tmp_path / "train.py").stat() == before


def test_copy_that_a_command_changed_gets_the_values(config: Config, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / "train.py").write_text(f"# made by a template\n{SOURCE}".replace("0.1", "0.7"))

    rewrite(str(run_dir), config, {"lr": 0.1})

    assert "lr = 0.1" in (run_dir / "train.py").read_text().splitlines()


def test_missing_copy_matters_only_when_a_value_changes(config: Config, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()

    unchanged = rewrite(str(run_dir), config, config.defaults())

    assert unchanged == ""
    with pytest.raises(ConfigError, match=r"train.py is not among the files of the run, .*\(lr\)"):
        rewrite(str(run_dir), config, {"lr": 0.5})


def test_one_fault_leaves_all_files_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.toml").write_text("y = 1\n")
    config = read_config(str(tmp_path), [{"keys": ["a.py", "b.toml"]}])

    with pytest.raises(ConfigError, match=r"b.toml:1: y: cannot be set to None: TOML has no null"):
        rewrite(str(tmp_path), config, {"x": 2, "y": None})

    assert (tmp_path / "a.py").read_text() == "x = 1\n"


def test_diff_names_files_and_lines(config: Config, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    shutil.copy(tmp_path / "train.py", run_dir)

    diff = rewrite(str(run_dir), config, {"lr": 0.2, "opts": {"lr": 0.1}})

    assert diff == (
        "--- train.py\n"
        "+++ train.py\n"
        "@@ -1,4 +1,4 @@\n"
        "-lr = 0.1\n"
        "+lr = 0.2\n"
        " epochs = 5\n"
        ' name = "adam"\n'
        " debug = False\n"
        "@@ -6,4 +6,4 @@\n"
        " layers = [64, 32]\n"
        " rates = [0.1, 0.2]\n"
        " size = (3, 4)\n"
        '-opts = {"lr": 0.1, "deep": {"n": 1}, "a.b": 2}\n'
        '+opts = {"lr": 0.1}\n'
    )
