"""One grammar for the three forms of the line that asks for a run."""

from __future__ import annotations

import pytest

from gage._internal.errors import ConfigError
from gage._internal.operations.options import FORMS, LineOptions, RunOptions
from gage._internal.operations.run_line import LineError, config_of, parse


@pytest.mark.parametrize(
    ("line", "target", "assignments", "args"),
    [
        ("", None, [], []),
        ("train.py", "train.py", [], []),
        ("train.py lr=1 n=2", "train.py", ["lr=1", "n=2"], []),
        ("lr=1", None, ["lr=1"], []),
        ("train.py lr=1 --quiet n=2 -l x m=3", "train.py", ["lr=1", "n=2", "m=3"], []),
        ("--label x train.py", "train.py", [], []),
        ("runs/a=1.py lr=1", "runs/a=1.py", ["lr=1"], []),
        ("train.py model=net.py data=x.ipynb", "train.py", ["model=net.py", "data=x.ipynb"], []),
        ("-m pkg.mod a.py=1", "-m pkg.mod", ["a.py=1"], []),
        ("-m pkg model=net.py", "-m pkg", ["model=net.py"], []),
        ("train.py conf/a.yaml#x=1", "train.py", ["conf/a.yaml#x=1"], []),
        ("train.py lr=-1 x==", "train.py", ["lr=-1", "x=="], []),
        ("train.py -- --label x a=b", "train.py", [], ["--label", "x", "a=b"]),
        ("train.py -- a -- b", "train.py", [], ["a", "--", "b"]),
        ("=x", "=x", [], []),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_a_line_has_its_parts(
    line: str, target: str | None, assignments: list[str], args: list[str]
) -> None:
    found = parse(line.split(), "shell")

    assert (found.target, found.assignments, found.args) == (target, assignments, args)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train.py other", "expected k=v, found 'other': put arguments of the program"),
        ("lr=1 train.py", "expected k=v, found 'train.py'"),
        ("-m a train.py", "expected one target, found two: train.py and -m a"),
        ("train.py --lable x", "unknown option --lable. Did you mean '--label'"),
        ("train.py --background", "unknown option --background. Did you mean '--bg'"),
        ("train.py --dry-run", "unknown option --dry-run. Did you mean '--preview'"),
        ("train.py --lable=x", "unknown option --lable. "),
        ("train.py --label", "expected TEXT after --label, found nothing"),
        ("train.py --label --quiet", "found the option --quiet. If it is the value: --label=-"),
        ("train.py --no-strict=yes", "--no-strict takes no value, found 'yes'"),
        ("train.py -nz", "unknown option -z"),
        ("train.py --jobs many", "expected a whole number after --jobs, found 'many'"),
        ("train.py -z", "unknown option -z"),
    ],
    ids=repr,
)
def test_a_wrong_line_is_refused(line: str, message: str) -> None:
    with pytest.raises(LineError, match=message):
        parse(line.split(), "shell")


def test_options_are_not_abbreviated() -> None:
    with pytest.raises(LineError, match="unknown option --lab"):
        parse(["train.py", "--lab", "x"], "line")


@pytest.mark.parametrize("form", FORMS)
def test_a_line_without_options_has_the_defaults(form: str) -> None:
    line = parse([], form)

    assert line.options == RunOptions(check=form != "shell")
    assert line.only == LineOptions()


def test_repeated_options_are_kept_in_order() -> None:
    options = parse(
        ["-t", "a", "x.py", "--tag", "b", "--with", "f", "--with", "g"], "shell"
    ).options

    assert (options.tags, options.with_files) == (["a", "b"], ["f", "g"])


@pytest.mark.parametrize(
    "words",
    [
        "-q -n -l x --jobs 2",
        "-qn -lx --jobs=2",
        "-qnlx --jobs 2",
        "--quiet --needed --label=x --jobs=2",
    ],
)
def test_an_option_is_typed_in_several_ways(words: str) -> None:
    options = parse(["t.py", *words.split()], "shell").options

    assert (options.quiet, options.needed, options.label) == (True, True, "x")
    assert options.several.jobs == 2


def test_a_value_may_begin_with_a_dash() -> None:
    assert parse(["--seed", "-5", "--label=--quiet"], "line").options.several.seed == -5


def test_no_raise_is_the_notebook_s() -> None:
    assert not parse(["--no-raise"], "cell").options.check
    with pytest.raises(LineError, match="unknown option --no-raise"):
        parse(["--no-raise"], "shell")


def test_values_are_kept_as_typed() -> None:
    config = config_of(parse(["t.py", "lr=0.1", "name=a b", "x=[1,2]", "y=a=b"], "shell"))

    assert {key: str(value) for key, value in config.items()} == {
        "lr": "0.1",
        "name": "a b",
        "x": "[1,2]",
        "y": "a=b",
    }
    assert config_of(parse(["t.py"], "shell")) == {}


def test_a_key_has_one_value() -> None:
    with pytest.raises(LineError, match="expected one value for lr, found two"):
        config_of(parse(["t.py", "lr=1", "lr=2"], "shell"))


def test_a_value_needs_a_key() -> None:
    with pytest.raises((LineError, ConfigError), match=r"=1"):
        config_of(parse(["t.py", "=1"], "shell"))


@pytest.mark.parametrize(
    "line", ["t.py lr=[0.1, 0.2]", "t.py lr={base * 2}", "t.py lr=uniform(0, 1)"]
)
def test_a_value_with_blanks_is_to_be_quoted(line: str) -> None:
    with pytest.raises(LineError, match="put a value with spaces in quotes, lr="):
        parse(line.split(), "line")
