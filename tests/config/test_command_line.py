"""Arguments of a script that uses argparse, set by the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.config import Config, Text, read_config, resolve_values, with_values
from gage._internal.config.command_line import command_line
from gage._internal.errors import ConfigError

SCRIPT = '''\
"""Trains."""
import argparse, json, os, sys

EPOCHS = 5

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="where the data is")
    parser.add_argument("more", nargs="*")
    parser.add_argument("-r", "--learning-rate", type=float, default=0.1, help="how fast")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--layers", type=int, nargs="+", default=[64, 32])
    parser.add_argument("--name", default="adam", choices=("adam", "sgd", "-odd"))
    parser.add_argument("--note")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--no-cache", dest="cache", action="store_false")
    parser.add_argument("--amp", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("-v", action="count", default=0)
    parser.add_argument("--tag", action="append", default=["x"])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--version", action="version", version="1")
    group = parser.add_argument_group("more")
    group.add_argument("--seed", type=int)
    parser.set_defaults(note="none")
    return parser.parse_args(argv)

if __name__ == "__main__":
    print(json.dumps(vars(main())))
'''

COMMAND = ["python", "train.py", "a.csv"]


@pytest.fixture(name="script", scope="module")
def _script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("args") / "train.py"
    path.write_text(SCRIPT)
    return path


def read(script: Path, command: list[str] | str = COMMAND) -> Config:
    return read_config(str(script.parent), [{"keys": "args"}], command)


def parsed(script: Path, command: list[str] | str) -> dict[str, Any]:
    """Return what the script itself makes of a command."""
    assert isinstance(command, list)
    namespace: dict[str, Any] = {"__name__": "train"}
    exec(compile(script.read_bytes(), script, "exec"), namespace)
    return dict(vars(namespace["main"](command[2:])))


def test_arguments_are_read_with_their_defaults(script: Path) -> None:
    config = read(script)

    assert config.defaults() == {
        "data": "a.csv",
        "more": [],
        "learning_rate": 0.1,
        "epochs": 5,
        "layers": [64, 32],
        "name": "adam",
        "note": "none",
        "verbose": False,
        "cache": True,
        "amp": True,
        "v": 0,
        "tag": ["x"],
        "workers": None,
        "seed": None,
    }
    assert config["learning_rate"].description == "how fast"
    assert config["seed"].type == "int"
    assert config["data"].argument is not None
    assert config["data"].argument.required


def test_arguments_of_the_command_are_the_defaults(script: Path) -> None:
    config = read(script, ["python", "train.py", "a.csv", "--epochs=7", "--verbose", "-r", "1"])

    defaults = config.defaults()

    assert defaults["epochs"] == 7
    assert defaults["verbose"] is True
    assert repr(defaults["learning_rate"]) == "1.0"


def test_computed_default_is_no_value_until_it_is_given(script: Path) -> None:
    config = read(script)

    values, _ = resolve_values(config, {})
    told, _ = resolve_values(config, {"workers": Text("2")})

    assert "workers" not in values
    assert told["workers"] == 2


def test_nothing_given_leaves_the_command(script: Path) -> None:
    config = read(script)
    values, _ = resolve_values(config, {})

    assert with_values(config, values, COMMAND) == COMMAND


@pytest.mark.parametrize(
    ("given_values", "words"),
    [
        ({"learning-rate": "1"}, "a.csv --learning-rate 1.0"),
        ({"epochs": "9", "seed": "1"}, "a.csv --epochs 9 --seed 1"),
        ({"layers": "[1,2,3]"}, "a.csv --layers 1 2 3"),
        ({"verbose": "yes", "cache": "no", "amp": "false"}, "a.csv --verbose --no-cache --no-amp"),
        ({"v": "2"}, "a.csv -v -v"),
        ({"tag": '["x", "y"]'}, "a.csv --tag y"),
        ({"name": "-odd"}, "a.csv --name=-odd"),
        ({"data": "b.csv"}, "b.csv"),
        ({"data": "-b.csv", "epochs": "1"}, "--epochs 1 -- -b.csv"),
        ({"more": '["p", "q"]'}, "a.csv p q"),
    ],
    ids=str,
)
def test_values_become_words_of_the_command(
    script: Path, given_values: dict[str, str], words: str
) -> None:
    config = read(script)
    values, warnings = resolve_values(config, {key: Text(v) for key, v in given_values.items()})

    command = with_values(config, values, COMMAND)

    assert command == ["python", "train.py", *words.split()]
    assert warnings == []
    found = parsed(script, command)
    assert {key: found[key] for key in values if values[key] is not None} == {
        key: value for key, value in values.items() if value is not None
    }


words = st.text(st.characters(categories=["L", "N", "P", "Zs", "S"]), max_size=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "data": words,
            "more": st.lists(words, max_size=3),
            "learning_rate": st.floats(allow_nan=False),
            "epochs": st.integers(),
            "layers": st.lists(st.integers(-9, 9), min_size=1, max_size=3),
            "note": words,
            "verbose": st.booleans(),
            "cache": st.booleans(),
            "amp": st.booleans(),
            "v": st.integers(0, 3),
            "tag": st.lists(words, max_size=2).map(lambda tags: ["x", *tags]),
            "seed": st.integers(),
        },
    )
)
def test_script_gets_the_values(script: Path, values: dict[str, Any]) -> None:
    config = read(script)
    wanted, _ = resolve_values(config, values)

    try:
        command = with_values(config, wanted, COMMAND)
    except ConfigError:
        # Some texts argparse cannot be given, such as several that begin with a dash.
        assert any(
            str(item).startswith("-") or not item
            for value in values.values()
            for item in (value if isinstance(value, list) else [value])
        )
        return

    found = parsed(script, command)
    for key, value in wanted.items():
        assert found[key] == value or value is None


def test_shell_command_is_joined_again(script: Path) -> None:
    command = "python train.py a.csv --note 'two words'"
    config = read(script, command)
    values, _ = resolve_values(config, {"epochs": 1})

    new = with_values(config, values, command)

    assert new == "python train.py a.csv --epochs 1 --note 'two words'"


def test_run_script_agrees(script: Path) -> None:
    config = read(script)
    values, _ = resolve_values(config, {"layers": [1], "note": "é 'x'"})
    command = with_values(config, values, COMMAND)

    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=script.parent, capture_output=True, check=True
    )

    found = json.loads(done.stdout)
    assert found["layers"] == [1]
    assert found["note"] == "é 'x'"


def test_value_that_is_no_choice_is_an_error(script: Path) -> None:
    with pytest.raises(ConfigError, match=r"name: expected one of 'adam', 'sgd', .* 'adam'\?"):
        resolve_values(read(script), {"name": "adm"})


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["make"], "needs a command that runs a Python script of the project, found make"),
        ("python train.py a.csv | tee log", "needs a command without shell syntax"),
        ("python train.py $DATA", "needs a command without shell syntax"),
        ("#!/bin/sh\npython train.py", "found a script with #!"),
        (["python", "train.py", "--epochs", "many"], "cannot read the arguments of the command"),
    ],
    ids=str,
)
def test_command_that_cannot_be_read_is_an_error(
    script: Path, command: list[str] | str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        command_line(str(script.parent), command)


@pytest.mark.parametrize("nargs", ["", ", nargs='?', default=3", ", nargs='*'", ", nargs='+'"])
def test_a_positional_number_may_be_given_later(tmp_path: Path, nargs: str) -> None:
    (tmp_path / "t.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        f"p.add_argument('n', type=int{nargs})\n"
        "p.add_argument('--lr', type=float, default=0.1)\np.parse_args()\n"
    )
    tables, command = [{"keys": ["args"]}], ["python", "t.py"]
    value = [5] if "*" in nargs or "+" in nargs else 5

    config = read_config(str(tmp_path), tables, command, arguments="run")
    values, _ = resolve_values(config, {"n": Text("[5]" if isinstance(value, list) else "5")})

    assert config.defaults()["lr"] == 0.1
    assert with_values(config, values, command) == ["python", "t.py", "5"]
