"""How a line of a magic can be completed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import gage
from gage._internal.operations.options import option_names
from gage_nb.command_list import COMMANDS
from gage_nb.completion import _continuations
from tests.shells import running_shell


@pytest.fixture
def shell(project: Path, runs_home: Path) -> Iterator[InteractiveShell]:
    (project / "train.py").write_text("lr = 0.1\nlog = 'x'\nprint(lr)\n")
    (project / "sub").mkdir()
    (project / "sub" / "test.py").write_text("")
    with running_shell() as shell:
        yield shell


def completions(shell: InteractiveShell, code: str) -> list[str]:
    """Return what the line with the cursor, marked by `|`, becomes."""
    position = code.index("|")
    code = code.replace("|", "")
    begin = code.rfind("\n", 0, position) + 1
    with provisionalcompleter():
        found = list(shell.Completer.completions(code, position))
    return [code[begin : each.start] + each.text for each in found]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%gage_run tr|", ["%gage_run train.py"]),
        ("%gage_run sub/|", ["%gage_run sub/test.py"]),
        ("%gage_run train.py l|", ["%gage_run train.py log=x", "%gage_run train.py lr=0.1"]),
        ("%gage_run train.py lr=1 l|", ["%gage_run train.py lr=1 log=x"]),
        ("%gage_run --lab|", ["%gage_run --label"]),
        ("%gage_run train.py --no-r|", ["%gage_run train.py --no-raise"]),
        ("r = %gage_run --lab|", ["r = %gage_run --label"]),
        ("1\n%gage_run --lab|\n2", ["%gage_run --label"]),
        ("%%gage_run fit --no-r|\nprint(1)", ["%%gage_run fit --no-raise"]),
        ("%gage sho|", ["%gage show"]),
    ],
)
def test_words_of_a_line_are_completed_and_nothing_else(
    shell: InteractiveShell, code: str, expected: list[str]
) -> None:
    assert completions(shell, code) == expected


def test_every_option_and_command_is_completed(shell: InteractiveShell) -> None:
    options = [name for name in option_names("cell") if name.startswith("--")]

    assert completions(shell, "%%gage_run fit --|") == [
        f"%%gage_run fit {name}" for name in options
    ]
    assert completions(shell, "%gage |") == [f"%gage {name}" for name in sorted(COMMANDS)]


def test_names_of_runs_are_completed(shell: InteractiveShell) -> None:
    names = [gage.run("train.py").name for _ in range(2)][::-1]

    assert completions(shell, "%gage show |") == [f"%gage show {name}" for name in names]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%%gage_run fit -i d|", ["%%gage_run fit -i data", "%%gage_run fit -i df"]),
        ("%gage_run train.py --each |", ["%gage_run train.py --each df"]),
        (
            "%%gage_run fit -o |\nimport os\nnet, loss = [], 1\nfor i in '': pass\ndef f(): x = 1",
            ["%%gage_run fit -o net", "%%gage_run fit -o loss", "%%gage_run fit -o i"],
        ),
        ("%%gage_run fit -o lo|\nloss = 1\n!ls", ["%%gage_run fit -o loss"]),
        ("%gage_run train.py -o l|", ["%gage_run train.py -o lr", "%gage_run train.py -o log"]),
        ("%gage_run train.py -b s|", ["%gage_run train.py -b sub/"]),
        ("%gage_run -C s|", ["%gage_run -C sub/"]),
        ("%gage runs status=comp|", ["%gage runs status=completed"]),
        ("%gage runs oper|", ["%gage runs operation="]),
        ("%gage compare --mi|", ["%gage compare --minimize"]),
        ("%gage compare --minimize l|", ["%gage compare --minimize loss"]),
        ("%gage_run train.py --optimize min|", ["%gage_run train.py --optimize minimize:loss"]),
    ],
)
def test_values_of_options_and_filters(
    shell: InteractiveShell, code: str, expected: list[str]
) -> None:
    shell.run_cell("import pandas as pd\ndata = [1]\ndf = pd.DataFrame()\ndef f(): pass\n")
    Path("loss.py").write_text("print('loss: 0.5')")
    gage.run("loss.py")

    assert completions(shell, code) == expected


@pytest.mark.parametrize("code", ["%%gage_run fit -o |\n= 1 (", "%gage_run no.py -o |"])
def test_of_what_cannot_be_read_no_name_is_completed(shell: InteractiveShell, code: str) -> None:
    line, _, body = code.partition("|")

    assert _continuations(line, "", 0, body) == []


def test_a_value_is_not_completed_as_a_key(shell: InteractiveShell) -> None:
    assert "%gage_run train.py log=lr=0.1" not in completions(shell, "%gage_run train.py log=l|")


def test_the_body_of_a_cell_is_completed_by_ipython(shell: InteractiveShell) -> None:
    found = completions(shell, "%%gage_run fit\nprin|")

    assert "print" in found


@pytest.mark.parametrize("fault", ["home", "script", "directory", "gage file"])
def test_completion_never_raises(
    shell: InteractiveShell, project: Path, runs_home: Path, fault: str
) -> None:
    if fault == "home":
        runs_home.write_text("a file")
    elif fault == "script":
        (project / "train.py").write_bytes(b"\xff\x00 = ((\n")
    elif fault == "gage file":
        (project / "gage.toml").write_text("[train\n")
    else:
        (project / "sub" / "test.py").unlink()
        (project / "sub").rmdir()
        (project / "train.py").unlink()
        project.rmdir()

    lines = ["%gage_run ", "%gage_run train.py ", "%gage show ", "%gage_run a/b", "%gage_run 'a"]
    for line in [
        *lines,
        "%%gage_run -",
        "%gage_run x={1",
        "%gage_run -m ",
        "%gage",
        "%gage_run \0",
    ]:
        # IPython prints what a matcher raises; here it would be seen.
        assert isinstance(_continuations(line, "", 0), list)
        assert isinstance(_continuations(line, line.rpartition(" ")[2], 0), list)
