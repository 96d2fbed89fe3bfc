"""Text search in what runs printed, as it is and after it has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gage._internal.index.language import FilterError
from gage._internal.index.runs import RunIndex
from tests.making import ended, meta, staged

LINES = {
    "a": "step 12\nwarning: loss is NaN, stopped",
    "b": "nan\n" + "loss=0.25 " * 300_000 + "\nend",
    "c": "loss: 0.5, naïve",
    "d": "",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Runs that printed the lines, and their letters by id."""
    home = tmp_path_factory.mktemp("home")
    program = "import sys; print(open(sys.argv[1], encoding='utf-8').read())"
    letters = {}
    for letter, lines in LINES.items():
        path = home / f"{letter}.txt"
        path.write_text(lines, encoding="utf-8")
        letters[ended(home, [sys.executable, "-c", program, str(path)]).id] = letter
    return home, letters


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('output ~ "nan loss"', "ab"),
        ("output ~ NAN", "ab"),
        ("output ~ loss", "abc"),
        ("output ~ los", ""),
        ("output ~ 12", "a"),
        ("output ~ 0.25", "b"),
        ('output ~ "end 0.25"', "b"),
        ('output ~ "NaN,"', "a"),
        ("output ~ naïve", "c"),
        ("not output ~ loss", "d"),
        ("output ~ loss and not (output ~ nan or output ~ other)", "c"),
        ("output ~ ''", "abcd"),
    ],
    ids=str,
)
def test_runs_are_found_by_the_words_that_they_printed(
    runs: tuple[Path, dict[str, str]], where: str, expected: str
) -> None:
    home, letters = runs

    found = {letters[run.id] for run in RunIndex(str(home)).select(where)}

    assert found == set(expected)


def test_an_output_that_has_changed_is_searched_again(tmp_path: Path) -> None:
    run = staged(tmp_path)
    index = RunIndex(str(tmp_path))
    assert index.select("output ~ later") == []

    path = meta(run, "output", "40_run")
    path.parent.mkdir(exist_ok=True)
    path.write_text("it came later\n")

    assert [found.id for found in index.select("output ~ later")] == [run.id]


def test_a_pipe_in_the_place_of_an_output_has_no_words(tmp_path: Path) -> None:
    run = ended(tmp_path, ["echo", "words"])
    meta(run, "output", "40_run").unlink()
    meta(run, "output", "40_run").symlink_to("/dev/zero")

    assert RunIndex(str(tmp_path)).select("output ~ words") == []


def test_only_the_output_is_searched(tmp_path: Path) -> None:
    ended(tmp_path)

    with pytest.raises(FilterError, match="expected `output ~") as caught:
        RunIndex(str(tmp_path)).select("label ~ words")

    assert caught.value.position == len("label ")
