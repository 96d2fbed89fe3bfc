"""What can come next on a line; silence about what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gage
from gage._internal.api import completion
from gage._internal.operations.options import option_names


def complete_words(incomplete: str, words: list[str], form: str) -> list[str]:
    return [each.text for each in completion.complete_words(incomplete, words, form)]


def complete_command(incomplete: str, words: list[str], commands: list[str]) -> list[str]:
    return [each.text for each in completion.complete_command(incomplete, words, commands)]


@pytest.fixture
def with_operations(project: Path) -> Path:
    (project / "gage.toml").write_text(
        '[train]\nexec = "python train.py"\nconfig = "train.py"\n[test]\nexec = "true"\n'
    )
    (project / "train.py").write_text("lr = 0.1\nepochs = 5\n")
    (project / "src").mkdir()
    (project / "src" / "main.py").write_text("depth = 3\n")
    (project / "src" / "data.csv").write_text("")
    (project / "src" / "deep").mkdir()
    (project / ".hidden").write_text("")
    return project


@pytest.mark.parametrize(
    ("incomplete", "words", "expected"),
    [
        ("t", [], ["test", "train", "train.py"]),
        ("train.", [], ["train.py"]),
        ("src/", [], ["src/deep/", "src/main.py"]),
        ("./t", [], ["./train.py"]),
        ("", ["train"], ["epochs=5", "lr=0.1"]),
        ("l", ["train.py"], ["lr=0.1"]),
        ("", ["src/main.py"], ["depth=3"]),
        ("", ["train", "lr=1"], ["epochs=5"]),
        ("", ["-l", "x", "train", "-q"], ["epochs=5", "lr=0.1"]),
        ("tr", ["-l", "x"], ["train", "train.py"]),
        ("", ["train", "--label"], []),
        ("", ["train", "--", "x"], []),
        ("", ["unknown"], []),
        ("nowhere/", [], []),
        ("--la", ["train"], ["--label"]),
        ("", ["train.py", "-b"], ["src/"]),
        ("src/", ["train.py", "--batch"], ["src/data.csv", "src/deep/"]),
        ("src/d", ["train.py", "--with"], ["src/data.csv", "src/deep/"]),
        ("", ["train.py", "--with"], ["gage.toml", "src/", "train.py"]),
        (".h", ["train.py", "--with"], [".hidden"]),
        ("", ["-C"], ["src/"]),
        ("src/", ["-C"], ["src/deep/"]),
        ("s", ["train.py", "--runs"], ["src/"]),
        ("nowhere/", ["-C"], []),
        ("", ["train.py", "--", "--with"], []),
    ],
    ids=str,
)
def test_what_can_come_next(
    with_operations: Path, incomplete: str, words: list[str], expected: list[str]
) -> None:
    assert complete_words(incomplete, words, "line") == expected


def test_values_are_single_words(project: Path) -> None:
    (project / "t.py").write_text(
        """name = "a b"\nsizes = [1, 2]\nopts = {"a": 1}\nit = "it's"\n"""
    )

    assert complete_words("", ["t.py"], "line") == ["it=", "name='a b'", "opts=", "sizes='[1, 2]'"]


def test_arguments_of_a_script_are_completed(project: Path) -> None:
    (project / "gage.toml").write_text('[op]\nexec = ["python", "t.py"]\nconfig = "args"\n')
    (project / "t.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--lr', type=float, default=0.1)\np.parse_args()\n"
    )

    assert complete_words("l", ["op"], "line") == ["lr=0.1"]


@pytest.mark.parametrize("form", ["shell", "line", "cell"])
def test_each_form_completes_its_own_options(project: Path, form: str) -> None:
    assert complete_words("-", [], form) == option_names(form)


def test_a_cell_has_no_target_to_complete(with_operations: Path) -> None:
    assert complete_words("", [], "cell") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("gage.toml", "[broken"), ("train.py", "def broken("), ("train.py", "\0")],
    ids=["gage-file", "syntax", "nul"],
)
def test_what_is_broken_completes_to_nothing(with_operations: Path, name: str, text: str) -> None:
    (with_operations / name).write_text(text)

    assert complete_words("", ["train"], "line") == []


def test_a_command_then_a_run(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("")
    run = gage.run("hi.py")

    assert complete_command("s", [], ["show", "stop", "runs"]) == ["show", "stop"]
    assert complete_command(run.name[:4], ["show"], []) == [run.name]
    assert complete_command("x-", ["show"], []) == []
    assert complete_command("", ["ops"], []) == []
    assert complete_command("", ["label", run.name], []) == []
    assert complete_command("", ["diff", run.name], []) == [run.name]


def test_runs_come_newest_first_with_what_they_are(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("")
    (project / "bad.py").write_text("raise SystemExit(3)")
    first, second = gage.run("hi.py"), gage.run("bad.py")

    found = completion.complete_command("", ["show"], [])

    assert [each.text for each in found] == [second.name, first.name]
    assert re.fullmatch(r"bad.py · error \(exit code 3\) · \d+ s ago", found[0].about)
    assert re.fullmatch(r"hi.py · completed · \d+ s ago", found[1].about)


@pytest.fixture
def with_runs(project: Path, runs_home: Path) -> None:
    (project / "t.py").write_text("lr = 0.1\nprint('loss:', 1)\nprint('acc:', 1)\n")
    gage.run("t.py", label="base line", tags=["cnn"])
    gage.run("t.py", {"lr": 0.2})


@pytest.mark.parametrize(
    ("incomplete", "expected"),
    [
        ("sta", ["status=", "started="]),
        ("lr", ["lr="]),
        ("lo", ["loss="]),
        ("status=", ["status=completed"]),
        ("status=x", []),
        ("op=", ["op=t.py"]),
        ("lr=", ["lr=0.2", "lr=0.1"]),
        ("tags=", ["tags=cnn"]),
        ("label=", ["label='base line'"]),
        ("nothing=", []),
        ("=", []),
    ],
)
def test_columns_of_runs_and_their_values(
    with_runs: None, incomplete: str, expected: list[str]
) -> None:
    assert complete_command(incomplete, ["runs"], []) == expected
    assert complete_command(incomplete, ["runs", "status=completed"], []) == expected


def test_directions_and_metrics_of_a_search(with_runs: None) -> None:
    metrics = ["acc", "loss"]

    assert complete_words("", ["t.py", "--optimize"], "line") == [
        *(f"maximize:{name}" for name in metrics),
        *(f"minimize:{name}" for name in metrics),
    ]
    assert complete_words("min", ["--optimize"], "cell") == [f"minimize:{name}" for name in metrics]


def test_directions_without_any_run(project: Path, runs_home: Path) -> None:
    assert complete_words("", ["--optimize"], "line") == ["maximize:", "minimize:"]


def test_a_home_that_is_a_file_has_no_runs_to_complete(project: Path, runs_home: Path) -> None:
    runs_home.write_text("")

    assert complete_command("", ["show"], []) == []
