"""Values of scripts and modules, also where they are arguments that nobody has declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import ConfigError
from gage._internal.operations.targets import resolve_target

SIMPLE = (
    "import argparse\n"
    "p = argparse.ArgumentParser()\n"
    "p.add_argument('--lr', type=float, default=0.1)\n"
    "p.add_argument('data', nargs='?', default='x')\n"
    "p.add_argument('--names', nargs='+', default=['a'])\n"
    "p.add_argument('--steps', nargs='*', type=int)\n"
    "print(p.parse_args())\n"
)
REQUIRED = (
    "import argparse\n"
    "p = argparse.ArgumentParser()\n"
    "p.add_argument('src')\n"
    "p.add_argument('files', nargs='+')\n"
    "p.add_argument('--lr', type=float, required=True)\n"
    "print(p.parse_args())\n"
)


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({"lr": "0.5"}, "simple.py --lr 0.5"),
        ({"data": "y"}, "simple.py y"),
        ({"names": "[b,c]"}, "simple.py --names b c"),
        ({"names": "b"}, "simple.py --names b"),
        ({"steps": "[1,2]"}, "simple.py --steps 1 2"),
        ({"steps": "3"}, "simple.py --steps 3"),
    ],
)
def test_arguments_of_a_script_are_its_values(
    project: Path, given: dict[str, str], command: str
) -> None:
    from gage._internal.config import Text

    (project / "simple.py").write_text(SIMPLE)

    operation = resolve_target("simple.py", {key: Text(value) for key, value in given.items()})

    assert operation.cmd.args == ["python", *command.split()]
    assert operation.notes == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": "abc"}, r"^lr: expected float, like the default in simple.py \(0.1\), found str"),
        (
            {"steps": ["a"]},
            r"^steps: expected list of int, as simple.py takes it, found list of str",
        ),
        ({"lrr": 1}, r"found 'lrr'. Did you mean 'lr'\? Keys: lr, data, names, steps"),
    ],
)
def test_wrong_arguments_are_named_by_their_key(
    project: Path, given: dict[str, object], message: str
) -> None:
    (project / "simple.py").write_text(SIMPLE)

    with pytest.raises(ConfigError, match=message) as caught:
        resolve_target("simple.py", given)

    assert len(str(caught.value).splitlines()) == 1


def test_arguments_that_a_script_requires_are_asked_for(project: Path) -> None:
    (project / "req.py").write_text(REQUIRED)

    with pytest.raises(ConfigError) as caught:
        resolve_target("req.py", {"lr": 1})
    operation = resolve_target("req.py", {"lr": 1, "src": "a", "files": ["b", "c"]})
    of_command = resolve_target("req.py", {"lr": 1}, ["a", "b"])

    assert str(caught.value).splitlines() == [
        "src: expected a value, which req.py requires, found none: src=VALUE",
        "files: expected a value, which req.py requires, found none: files=VALUE",
    ]
    assert operation.cmd.args == ["python", "req.py", "a", "b", "c", "--lr", "1.0"]
    assert of_command.cmd.args == ["python", "req.py", "a", "b", "--lr", "1.0"]


def test_a_source_that_does_not_tell_all_requires_nothing(project: Path) -> None:
    (project / "tool.py").write_text(
        "import argparse\nseed = 1\np = argparse.ArgumentParser()\ns = p.add_subparsers()\n"
        "def train(parser):\n    parser.add_argument('data')\n"
        "train(s.add_parser('train'))\n"
        "s.add_parser('eval').add_argument('--n', type=int, default=2)\n"
        "print(p.parse_args())\n"
    )

    own = resolve_target("tool.py", {"seed": 3}, ["eval"])
    of_command = resolve_target("tool.py", {"n": 3}, ["eval"])

    assert own.cmd.args == ["python", "tool.py", "eval"]
    assert of_command.cmd.args == ["python", "tool.py", "eval", "--n", "3"]


def test_a_parser_of_an_imported_module_is_found(project: Path) -> None:
    (project / "options.py").write_text(
        "import argparse\ndef get():\n    p = argparse.ArgumentParser()\n"
        "    for n in ('alpha', 'beta'):\n        p.add_argument('--' + n, type=int, default=1)\n"
        "    return p.parse_args()\n"
    )
    (project / "uses.py").write_text("from options import get\nn = 1\nprint(get())\n")

    operation = resolve_target("uses.py", {"alpha": 3})
    own = resolve_target("uses.py", {"n": 3})

    assert operation.cmd.args == ["python", "uses.py", "--alpha", "3"]
    assert operation.config == {"alpha": 3, "beta": 1, "n": 1}
    assert own.config == {"n": 3}


def test_an_argument_has_the_first_word_before_a_name_of_the_script(project: Path) -> None:
    (project / "both.py").write_text(
        "import argparse\nlr = 0.1\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=lr)\nprint(p.parse_args())\n"
    )

    operation = resolve_target("both.py", {"lr": 2})

    assert operation.cmd.args == ["python", "both.py", "--lr", "2.0"]
    assert operation.config == {"lr": 2.0}


def test_a_module_has_arguments_too(project: Path) -> None:
    (project / "simple.py").write_text(SIMPLE)

    assert resolve_target("-m simple", {"lr": 2}).cmd.args == [
        "python", "-m", "simple", "--lr", "2.0",
    ]  # fmt: skip


def test_a_script_without_a_parser_is_not_run_for_a_wrong_key(project: Path) -> None:
    (project / "plain.py").write_text("open('ran', 'w')\nlr = 0.1\n")

    with pytest.raises(ConfigError, match="found 'x'"):
        resolve_target("plain.py", {"x": 1})

    assert not (project / "ran").exists()
