"""Errors carry their evidence, also through a pickle."""

from __future__ import annotations

import inspect
import pickle

import pytest

from gage._internal import errors
from gage._internal.errors import (
    BatchFailed,
    GageError,
    GagefileError,
    MalformedError,
    PatternError,
    PhaseError,
    RunFailed,
    TargetError,
)
from gage._internal.index.language import FilterError
from gage._internal.types import Fault
from gage_nb.cell import CellError, CellFault

_EXAMPLES: list[GageError] = [
    BatchFailed("b", 3, (("kafom-fikud", "error", "exit code 1"),), 1, "ValueError"),
    GagefileError("gage.toml: no", (Fault("gage.toml", 1, "a", "no"),)),
    MalformedError("conf.yaml", "malformed YAML: no", 3, 5),
    PatternError("unknown option", "*.py bin", 5),
    PhaseError("copy-sourcecode", ["python", "setup.py"], 3, "one\ntwo", "kafom-fikud"),
    RunFailed("kafom-fikud", "error", 1, "exit code 1", "Traceback\nValueError", "a hint"),
    *(
        getattr(errors, name)("what is wrong")
        for name in errors.__all__
        if "__init__" not in vars(getattr(errors, name))
    ),
]


@pytest.mark.parametrize("error", _EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling(error: GageError) -> None:
    found = pickle.loads(pickle.dumps(error))

    assert type(found) is type(error)
    assert str(found) == str(error)
    assert vars(found) == vars(error)


def test_every_error_has_an_example() -> None:
    assert {type(error).__name__ for error in _EXAMPLES} == set(errors.__all__)


def test_all_errors_are_of_one_tree_that_the_docstring_draws() -> None:
    found = dict(inspect.getmembers(errors, inspect.isclass))

    assert set(found) == set(errors.__all__)
    assert all(issubclass(error, GageError) for error in found.values())
    assert all(name in (errors.__doc__ or "") for name in found)


def test_a_malformed_pattern_is_shown_with_the_place() -> None:
    lines = str(PatternError("unknown option", "*.py bin", 5)).splitlines()

    assert lines == ["unknown option", "    *.py bin", "         ^"]


def test_a_failed_phase_says_what_to_look_at() -> None:
    text = str(PhaseError("copy-sourcecode", ["python", "a.py"], 3, "one\ntwo", "kafom-fikud"))

    assert "copy-sourcecode of run kafom-fikud failed with exit code 3" in text
    assert "\n    one\n    two\n" in text
    assert text.endswith("gage output kafom-fikud")


def test_a_failed_run_says_what_it_printed_last_and_the_hint() -> None:
    lines = str(RunFailed("kafom-fikud", "error", 1, "exit code 1", "a\nb", "try x")).splitlines()

    assert lines == [
        "run kafom-fikud: error (exit code 1)",
        "    a",
        "    b",
        "try x",
        "Full output: gage output kafom-fikud",
    ]


def test_ipython_shows_the_message_without_a_traceback() -> None:
    assert TargetError("one\ntwo")._render_traceback_() == ["TargetError: one", "two"]


def test_a_failed_run_whose_output_is_in_sight_is_one_line_and_the_hint() -> None:
    reason = "stopped by interrupt, ended by signal SIGINT"
    error = RunFailed("kafom-fikud", "terminated", -2, reason, "a\nb", "try x")

    error.is_shown = True

    assert error._render_traceback_() == [
        "RunFailed: run kafom-fikud: stopped by you",
        "try x",
    ]


def test_no_terminal_obeys_an_error() -> None:
    error = RunFailed("kafom-fikud", "error", 1, "exit code 1", "\x1b]0;t\x07\x1b[31mred\x9b2J")

    for text in (str(error), "\n".join(error._render_traceback_())):
        assert not {"\x1b", "\x07", "\x9b"} & set(text)
        assert "red" in text


# What a terminal obeys: a title, the begin of a control sequence in one character, a bell; and a
# byte that is not UTF-8.
_EVIL = "a\x1b]0;title\x07b\x9b31mc\udce9\x1b[31md"


@pytest.mark.parametrize(
    "error",
    [
        BatchFailed(_EVIL, 3, ((_EVIL, "error", _EVIL),), 1, _EVIL),
        GagefileError(_EVIL),
        MalformedError(_EVIL, _EVIL, 3, 5),
        PatternError(_EVIL, _EVIL, 5),
        PhaseError("copy-sourcecode", [_EVIL], 3, f"{_EVIL}\n{_EVIL}", "kafom-fikud"),
        RunFailed("kafom-fikud", "error", 1, _EVIL, _EVIL, _EVIL),
        TargetError(_EVIL),
        FilterError(_EVIL, 3, _EVIL),
        CellError([CellFault(1, _EVIL, _EVIL)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_text_of_an_error_is_inert(error: GageError) -> None:
    for text in (str(error), "\n".join(error._render_traceback_())):
        assert text.replace("\n", "").isprintable()
        text.encode()
    assert "a" in str(error)
