"""The source code that patterns select in a project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import GageError, PatternError
from gage._internal.sources.matching import match_path
from gage._internal.sources.parsing import parse_pattern, quote_pattern
from gage._internal.sources.rules import DEFAULT_PATTERNS
from gage._internal.sources.selection import (
    copy_selected,
    select_sourcecode,
    sourcecode_patterns,
)
from gage._internal.types import OpDef
from tests.sources.selecting import RUN_ID, make, select

# Patterns in order


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param(["a.py"], "a.py", id="name"),
        pytest.param(["**/*.py", "-src/b.py"], "a.py src/lib/c.py", id="excluded-later"),
        pytest.param(["-src/b.py", "src/*"], "src/b.py src/d.txt", id="included-later"),
        pytest.param(["src", "-src/lib"], "src/b.py src/d.txt", id="directory-without-another"),
        pytest.param(["src", "-src/", "src/d.txt"], "src/d.txt", id="back-by-name"),
        pytest.param(["**/*", "-src/", "**/c.py"], "a.py src/lib/c.py", id="back-by-wildcard"),
        pytest.param(["**/*", "-src dir", "**/c.py"], "a.py", id="directory-is-not-entered"),
        pytest.param(["**/*", "-* dir", "src/lib/c.py"], "a.py src/lib/c.py", id="spelled-out"),
        pytest.param(["**/* dir"], "", id="directories-are-no-files"),
        pytest.param(["**/*", "-**"], "", id="all-excluded"),
        pytest.param(["-**", "a.py"], "a.py", id="all-excluded-before"),
    ],
)
def test_last_match_decides(project: Path, patterns: list[str], expected: str) -> None:
    make(project, "a.py", "src/b.py", "src/d.txt", "src/lib/c.py")

    assert select(project, *patterns).paths == expected.split()


def test_size_limits_are_exclusive(project: Path) -> None:
    for size in (9, 10, 11, 12, 13):
        make(project, f"{size}", data=b"x" * size)

    assert select(project, "* size>10 size<13").paths == ["11", "12"]


def test_type_is_told_by_content(project: Path) -> None:
    make(project, "text", "empty", data=b"")
    make(project, "text")
    make(project, "binary", data=b"\x00\x01")
    make(project, "big", data=b"\x00" * 2_000_000)

    assert select(project, "* text").paths == ["empty", "text"]


def test_binary_files_are_selected(project: Path) -> None:
    make(project, "text")
    make(project, "binary", data=b"\x00\x01")

    selection = select(project, "* binary")

    assert selection.paths == ["binary"]
    assert selection.notes == []


def test_pattern_that_does_not_fit_leaves_the_decision_to_those_before(project: Path) -> None:
    make(project, "big", "small")
    make(project, "big", data=b"x" * 100)

    assert select(project, "*", "-* size>50").paths == ["small"]


@given(st.lists(st.sampled_from(["*.py", "-a.py", "**/*", "-d/", "d/a.py", "-**/b*", "d"])))
def test_selection_is_what_the_last_matching_pattern_says(
    tmp_path_factory: pytest.TempPathFactory, patterns: list[str]
) -> None:
    # The same, told in the simplest way, for patterns without `dir`.

    project = tmp_path_factory.mktemp("project")
    paths = ["a.py", "b.py", "d/a.py", "d/b.txt", "d/e/a.py", "d/e/c"]
    make(project, *paths)
    parsed = [parse_pattern(pattern) for pattern in patterns]

    expected = []
    for path in paths:
        matching = [pattern for pattern in parsed if match_path(pattern, path)]
        if matching and not matching[-1].exclude:
            expected.append(path)

    assert select_sourcecode(str(project), patterns).paths == expected


# The defaults


def test_defaults_take_text_and_leave_the_rest(project: Path) -> None:
    make(project, "train.py", "src/model.py", "data/small.csv", "conf.yaml")
    make(project, ".git/config", "src/__pycache__/a.txt", "node_modules/x/index.js")
    make(project, "env/bin/activate", "env/lib/a.py", "win/Scripts/activate", "win/a.py")
    make(project, "cfg/pyvenv.cfg", "cfg/a.py", "scratch/.nocopy", "scratch/a.py")
    make(project, ".gitignore", "summary.json")
    make(project, "model.bin", data=b"\x00")
    make(project, "big.csv", data=b"x" * 100_000)

    selection = select(project, *DEFAULT_PATTERNS)

    assert selection.paths == ["conf.yaml", "data/small.csv", "src/model.py", "train.py"]
    assert selection.notes == [
        "Not copied: 1 file of 100.0 kB or more (big.csv), 1 file not text (model.bin)"
    ]


def test_hidden_secrets_are_left_out_and_told(project: Path) -> None:
    make(project, ".env", "a.py", "sub/.env.local")

    selection = select(project, *DEFAULT_PATTERNS)

    assert selection.paths == ["a.py"]
    assert selection.notes == [
        (
            "Not copied: 2 files hidden and maybe secret "
            "(.env, sub/.env.local; a pattern can name what is needed)"
        )
    ]


def test_hidden_file_is_taken_when_it_is_named(project: Path) -> None:
    make(project, ".env", "a.py")

    assert select(project, *DEFAULT_PATTERNS, ".env").paths == [".env", "a.py"]


def test_limit_of_matches_is_told_and_cuts_off_the_deepest(project: Path) -> None:
    make(project, *(f"a/{number}.py" for number in range(10)), "z.py")

    selection = select(project, "**/*.py max-matches=4")

    assert selection.paths == ["a/0.py", "a/1.py", "a/2.py", "z.py"]
    assert selection.notes == [
        (
            "Pattern '**/*.py max-matches=4' took its maximum of 4 files: "
            "left out a/3.py and all later ones"
        )
    ]


def test_limit_that_is_just_reached_is_not_told(project: Path) -> None:
    make(project, "a.py", "b.py")

    assert select(project, "*.py max-matches=2").notes == []


def test_scan_ends_when_no_pattern_can_take_more(project: Path, scanned: list[str]) -> None:
    make(project, "a", "b", "c/d/e")

    selection = select_sourcecode(str(project), ["**/* max-matches=1"])

    assert selection.paths == ["a"]
    assert scanned == ["."]


def test_directories_where_nothing_can_match_are_not_entered(
    project: Path, scanned: list[str]
) -> None:
    make(project, "train.py", "data/x/y", "src/a.py", "src/deep/er/x", ".venv/pyvenv.cfg")

    select_sourcecode(str(project), ["train.py", "src/*.py", "**/z", "-data"])

    assert scanned == [".", "src", "src/deep", "src/deep/er"]


@pytest.fixture
def scanned(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The directories that have been read, relative to the project."""
    paths: list[str] = []
    scandir = os.scandir

    def recording(path: str) -> object:
        paths.append(os.path.relpath(path, project))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", recording)
    return paths


@pytest.mark.parametrize("patterns", [DEFAULT_PATTERNS, ["**/*"], ["runs/", "**/*"]])
def test_store_of_runs_is_left_out(project: Path, patterns: list[str]) -> None:
    make(project, "a.py", f"runs/{RUN_ID}/a.py", f"runs/{RUN_ID}.meta/id", "runs/note.txt")

    assert select(project, *patterns).paths == ["a.py"]


def test_runs_in_the_project_itself_are_left_out(project: Path) -> None:
    make(project, "a.py", f"{RUN_ID}/a.py", f"{RUN_ID}.meta/id", f"{RUN_ID[:-1]}/a.py")

    assert select(project, "**/*").paths == [f"{RUN_ID[:-1]}/a.py", "a.py"]


def test_run_directory_in_the_project_is_not_copied_into_itself(project: Path) -> None:
    make(project, "a.py", "out/b.py")
    run_dir = project / "out" / "run"
    run_dir.mkdir()

    copied, _ = copy_selected(str(project), str(run_dir), ["**/*"])

    assert [file.path for file in copied] == ["a.py", "out/b.py"]


def test_directories_of_no_interest_stay_out_with_own_patterns(project: Path) -> None:
    make(project, "a.py", ".venv/pyvenv.cfg", ".venv/lib/b.py", ".github/c.py", "x/.hidden/d.py")

    assert select(project, "**/*.py").paths == ["a.py"]


@pytest.mark.parametrize(
    "pattern",
    [".github/*.yml", ".github", ".github/", "**/.github/*.yml", ".git*/*.yml", ".github/**/*"],
)
def test_hidden_directory_is_entered_when_it_is_spelled_out(project: Path, pattern: str) -> None:
    make(project, ".github/a.yml", ".github/.cache/b.yml", ".other/a.yml")

    assert select(project, pattern).paths == [".github/a.yml"]


def test_directory_that_is_spelled_out_is_entered_for_that_pattern_only(project: Path) -> None:
    make(project, "a.py", "env/bin/activate", "env/lib/b.py", "env/train.py")

    assert select(project, *DEFAULT_PATTERNS, "env/train.py").paths == ["a.py", "env/train.py"]


def test_directory_left_out_later_is_left_out_though_spelled_out(project: Path) -> None:
    make(project, "src/a.py", "src/gen/b.py")

    assert select(project, "src/gen/b.py", "src", "-**/gen dir").paths == ["src/a.py"]


def test_hidden_directories_are_opened_by_a_pattern_for_directories(project: Path) -> None:
    make(project, ".a/x", ".b/x")

    assert select(project, "**/x", "**/.* dir", "-.b dir").paths == [".a/x"]


# Notes on patterns


def test_pattern_that_matches_nothing_is_told(project: Path) -> None:
    make(project, "src/train.py")

    selection = select(project, "src", "train.py", "**/*.csv", "-secret.txt", "lib dir")

    assert selection.paths == ["src/train.py"]
    assert selection.notes == [
        (
            "Pattern 'train.py' matches no file of the top directory "
            "(**/train.py matches in all directories)"
        ),
        "Pattern '**/*.csv' matches no file",
        "Pattern '-secret.txt' excludes nothing",
        "Pattern 'lib dir' matches no directory",
    ]


def test_pattern_overruled_by_a_later_one_is_not_told(project: Path) -> None:
    make(project, "a.py", "data/b.csv", ".venv/c")

    assert select(project, "a.py", "data/*", "**/*", "-data", "-.venv").notes == []


def test_malformed_pattern_is_an_error(project: Path) -> None:
    with pytest.raises(PatternError, match="no closing"):
        select_sourcecode(str(project), ["a.py", "src/[ab"])


# Files that are taken whatever the patterns say


def test_always_taken(project: Path) -> None:
    make(project, "a.py", "env/bin/activate", "env/train.py", "b.py")

    selection = select(project, "b.py", "a.py", "-**/*.py", always=("env/train.py", "a.py"))

    assert selection.paths == ["a.py", "env/train.py"]


@pytest.mark.parametrize("path", ["absent.py", "../outside.py", "/etc/hostname", "sub"])
def test_always_taken_must_be_a_file_of_the_project(project: Path, path: str) -> None:
    (project / "sub").mkdir()

    with pytest.raises(GageError, match="expected"):
        select_sourcecode(str(project), [], always=[path])


def test_project_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(GageError, match="expected the directory of a project"):
        select_sourcecode(str(tmp_path / "absent"), ["*"])


# Names


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("my file.py", id="blank"),
        pytest.param(" a ", id="blanks-around"),
        pytest.param('it\'s "b".py', id="quotes"),
        pytest.param("a\nb", id="line-break"),
        pytest.param("-rf", id="dash"),
        pytest.param("🎉.py", id="emoji"),
        pytest.param("\udcff\udc80", id="bytes-that-are-not-utf-8"),
        pytest.param("n" * 255, id="255-bytes"),
        pytest.param("*[?]", id="wildcards"),
        pytest.param("back\\slash", id="backslash"),
    ],
)
def test_any_name_is_selected(project: Path, name: str) -> None:
    make(project, name, f"sub/{name}")

    selection = select(project, "*", quote_pattern(f"sub/{name}"))

    assert selection.paths == sorted([name, f"sub/{name}"])
    assert selection.notes == []


# Patterns of an operation


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({}, DEFAULT_PATTERNS, id="nothing-said"),
        pytest.param({"sourcecode": True}, DEFAULT_PATTERNS, id="true"),
        pytest.param({"sourcecode": False}, [], id="false"),
        pytest.param({"sourcecode": []}, [], id="none"),
        pytest.param({"sourcecode": "a.py"}, ["a.py"], id="one"),
        pytest.param({"sourcecode": ["a.py", "-b"]}, ["a.py", "-b"], id="list"),
        pytest.param({"sourcecode": ["-b"]}, [*DEFAULT_PATTERNS, "-b"], id="only-excludes"),
        pytest.param({"sourcecode": "\\-b"}, ["\\-b"], id="name-with-dash"),
    ],
)
def test_patterns_of_an_operation(data: dict[str, object], expected: list[str]) -> None:
    assert sourcecode_patterns(OpDef("op", data)) == expected
