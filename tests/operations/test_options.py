"""One table of options, and all that is made from it or held to it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gage
import gage_nb
from gage._internal.errors import OptionError
from gage._internal.operations import options as module
from gage._internal.operations.line_help import HELP_COLUMNS, help_text
from gage._internal.operations.option_checks import check_options
from gage._internal.operations.options import (
    CALLS,
    FORMS,
    OPTIONS,
    LineOptions,
    RunOptions,
    Several,
    keywords_of,
    option_names,
    options_of,
)
from gage._internal.operations.run_line import parse
from gage_nb import keywords

# Keywords that are not options of a request: what is run, who is told, and `force` of `start`,
# which is for a run that is staged already.
_OTHERS = {"target", "config", "args", "source", "name", "run", "force", "on_event", "on_plan"}
_OF_NOTEBOOKS = {"view", "on_made"}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "gage.run": gage.run,
    "gage.run_batch": gage.run_batch,
    "gage_nb.run": gage_nb.run,
    "gage_nb.run_cell": gage_nb.run_cell,
    "gage_nb.run_batch": gage_nb.run_batch,
    "gage_nb.start": gage_nb.start,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_function_has_the_keywords_of_the_table(call: str) -> None:
    parameters = inspect.signature(_FUNCTIONS[call]).parameters
    found = {name: item.default for name, item in parameters.items() if name not in _OTHERS}
    if call.startswith("gage_nb"):
        assert {found.pop(name) for name in _OF_NOTEBOOKS} == {None}
        assert found.pop("check") is True
        assert keywords_of(call).pop("check") is False

    expected = keywords_of(call)
    if call.startswith("gage_nb"):
        del expected["check"]
    assert found == expected


@pytest.mark.parametrize("call", CALLS)
def test_a_function_has_its_keywords_in_the_order_of_the_table(call: str) -> None:
    own = {"inputs", "outputs", "carry_from", "alone", "trust"}  # named by the signature itself
    order = [name for name in keywords_of(call) if name not in own]

    found = [name for name in inspect.signature(_FUNCTIONS[call]).parameters if name in order]

    assert found == order


@pytest.mark.parametrize("call", ["gage.run", "gage.run_batch"])
def test_each_keyword_has_an_entry_in_the_docstring_and_sets_its_field(call: str) -> None:
    function = _FUNCTIONS[call]
    (body,) = ast.parse(inspect.getsource(function)).body
    made = [
        node
        for node in ast.walk(body)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {RunOptions.__name__, Several.__name__}
    ]
    set_from = {word.arg: ast.unparse(word.value) for node in made for word in node.keywords}
    set_from.pop("several", None)

    assert documented_parameters(function) == [*inspect.signature(function).parameters]
    assert set_from == {name: name for name in keywords_of(call)}


@pytest.mark.parametrize("call", [call for call in CALLS if call.startswith("gage_nb")])
def test_a_function_of_a_notebook_documents_its_own_parameters(call: str) -> None:
    function = _FUNCTIONS[call]
    known = {*inspect.signature(function).parameters, "options"}

    documented = documented_parameters(function)

    assert {*documented} <= known
    assert len(documented) == len({*documented})


def documented_parameters(function: Callable[..., Any]) -> list[str]:
    """Return the names of the section "Parameters" of a docstring."""
    text = inspect.getdoc(function) or ""
    section = text.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    entries = [line for line in section.splitlines() if not line.startswith(" ")]
    return [name for entry in entries for name in entry.split(", ")]


def test_keywords_have_one_type_everywhere() -> None:
    declared = {
        name: text
        for made in (RunOptions, Several, LineOptions)
        for name, text in declared_types(made).items()
    }
    written = {
        (call, name): item.annotation
        for call, function in _FUNCTIONS.items()
        for name, item in inspect.signature(function).parameters.items()
        if name in declared and item.annotation is not item.empty
    }
    typed = {
        (made.__name__, name): text
        for made in (keywords.RunKeywords, keywords.CellKeywords, keywords.BatchKeywords)
        for name, text in typed_keywords(made).items()
        if name in declared
    }

    assert {name for _, name in written | typed} == {row.field for row in OPTIONS if row.calls}
    # A DataFrame is a type that `gage` does not know.
    assert typed.pop(("BatchKeywords", "rows")) == "Any"
    assert {key: text for key, text in (written | typed).items() if text != declared[key[1]]} == {}


def declared_types(made: Any) -> dict[str, str]:
    """Return the types of the fields that type checkers see."""
    return {
        ast.unparse(item.target): ast.unparse(item.annotation)
        for item in declaration(made).body
        if isinstance(item, ast.AnnAssign)
    }


def declaration(made: Any) -> ast.ClassDef:
    """Return how a named tuple of options is declared for type checkers."""
    (declared,) = (
        node
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.ClassDef) and node.name == made.__name__
    )
    return declared


def typed_keywords(made: Any) -> dict[str, str]:
    """Return the types of the keywords of a function, as they are written."""
    return {name: text.__forward_arg__ for name, text in made.__annotations__.items()}


@pytest.mark.parametrize(
    ("call", "typed"),
    [
        ("gage_nb.run", keywords.RunKeywords),
        ("gage_nb.run_cell", keywords.CellKeywords),
        ("gage_nb.run_batch", keywords.BatchKeywords),
        ("gage_nb.start", keywords.StartKeywords),
    ],
)
def test_types_of_keywords_are_those_of_the_table(call: str, typed: type) -> None:
    assert inspect.get_annotations(typed).keys() <= typed.__annotations__.keys()
    assert typed.__annotations__.keys() == keywords_of(call).keys() | _OF_NOTEBOOKS


@pytest.mark.parametrize("made", [Several, RunOptions, LineOptions], ids=lambda made: made.__name__)
def test_type_checkers_see_the_fields_of_the_table(made: Any) -> None:
    fields = {
        ast.unparse(item.target): ast.unparse(item.value)
        for item in declaration(made).body
        if isinstance(item, ast.AnnAssign) and item.value is not None
    }

    shown = {name: repr(value) for name, value in made()._asdict().items()}
    if made is RunOptions:
        shown["several"] = "Several()"
    assert list(fields.items()) == list(shown.items())


def test_every_option_of_a_line_sets_its_field() -> None:
    values = {"number": ["3"], "text": ["x"], "list": ["x"]}
    for row in OPTIONS:
        for form in row.forms.split():
            for name in row.names.split():
                line = parse([name, *values.get(row.kind, [])], form)

                part = {"run": line.options, "several": line.options.several, "line": line.only}
                value = getattr(part[row.part], row.field)
                assert (
                    value
                    == {
                        "flag": True,
                        "off": False,
                        "number": 3,
                        "text": "x",
                        "list": ["x"],
                    }[row.kind]
                )


def test_no_option_is_in_the_table_twice() -> None:
    fields = [row.field for row in OPTIONS]
    names = [name for row in OPTIONS for name in row.names.split()]

    assert len(fields) == len({*fields})
    assert len(names) == len({*names})


@pytest.mark.parametrize(
    ("form", "option", "known"),
    [
        ("shell", "--bg", True),
        ("shell", "--as", False),
        ("shell", "--no-raise", False),
        ("line", "--as", True),
        ("line", "--each", True),
        ("line", "-i", False),
        ("cell", "-i", True),
        ("cell", "-o", True),
        ("cell", "-m", False),
        ("cell", "--preview", True),
        ("shell", "-C", True),
        ("cell", "--runs", True),
    ],
)
def test_each_form_has_its_options(form: str, option: str, known: bool) -> None:
    assert (option in option_names(form)) is known


@pytest.mark.parametrize("form", FORMS)
def test_the_help_of_a_form_explains_each_of_its_options(form: str) -> None:
    text = help_text(form)

    assert all(name in text for name in option_names(form))
    assert all(row.help.endswith(".") for row in OPTIONS)
    assert max(map(len, text.splitlines())) <= HELP_COLUMNS


def test_keywords_become_options() -> None:
    options = options_of({"label": "x", "jobs": 2})

    assert options == RunOptions(label="x", several=Several(jobs=2))
    with pytest.raises(TypeError, match="there is no keyword 'lable'"):
        options_of({"lable": "x"})


MEANINGLESS = {
    "t.py --jobs 2": "--jobs is for several runs, and this asks for one",
    "t.py --seed 1": "--seed is for several runs",
    "t.py --fail-fast": "--fail-fast is for several runs",
    "t.py --resume": "--resume is for several runs",
    "t.py --stage --bg": "--stage and --bg do not go together",
    "t.py --json": "--json means nothing without --preview",
    "--trust": "--trust means nothing without --output",
    "--trust -o a": "--trust means nothing without --needed",
    "--alone --from code": "--alone and --from do not go together",
    "--explain --preview": "--explain and --preview do not go together",
    "-o a --bg": "--bg and --output do not go together",
    "-o a --stage": "--stage and --output do not go together",
}


@pytest.mark.parametrize("words", MEANINGLESS)
def test_options_that_mean_nothing_for_one_run_are_named(words: str) -> None:
    line = parse(words.split(), "cell")

    with pytest.raises(OptionError, match=MEANINGLESS[words]):
        check_options(line.options, line.only, several=False, typed=True)


@pytest.mark.parametrize("words", ["--stage", "-o a", "--batch a.csv --each df"])
def test_options_that_mean_nothing_for_several_runs_are_named(words: str) -> None:
    line = parse(words.split(), "cell")

    with pytest.raises(OptionError, match=r"for one run|do not go together"):
        check_options(line.options, line.only, several=True, typed=True)


def test_a_function_names_its_keywords() -> None:
    with pytest.raises(OptionError, match="stage= and background= do not go together"):
        gage.run("t.py", stage=True, background=True)


def test_what_a_line_says_usually_means_something() -> None:
    one = parse(["t.py", "-q", "-n", "--preview", "--json", "--jobs", "1", "-y"], "cell")
    several = parse(["--jobs", "2", "--seed", "1", "--fail-fast", "--resume", "--bg", "-n"], "line")

    check_options(one.options, one.only, several=False)
    check_options(several.options, several.only, several=True)
