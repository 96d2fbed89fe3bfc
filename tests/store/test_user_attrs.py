"""Labels, tags and comments: changed afterwards, by many at once, without touching the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gage._internal.errors import MetaError
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.store.user_attrs import (
    add_comment,
    add_tags,
    read_comments,
    remove_tags,
    set_label,
)
from tests.making import ended, meta

ROOT = Path(__file__).parents[2]


def test_a_label_is_given_replaced_and_taken_away(tmp_path: Path) -> None:
    run = RecordedRun.of(ended(tmp_path))

    set_label(run, "first")
    set_label(run, "second\nline")
    assert run.label == "second\nline"

    set_label(run, None)
    assert run.label is None
    set_label(run, None)


def test_tags_are_added_once_and_removed(tmp_path: Path) -> None:
    run = RecordedRun.of(ended(tmp_path))

    assert add_tags(run, ["a", "b", "a"]) == ["a", "b"]
    assert add_tags(run, ["b", "c"]) == ["a", "b", "c"]
    assert remove_tags(run, ["b", "x"]) == ["a", "c"]
    assert run.tags == ["a", "c"]


def test_comments_have_a_time_and_an_author(tmp_path: Path) -> None:
    run = ended(tmp_path)

    first = add_comment(run, "looks good", "ada")
    second = add_comment(run, "and\nagain")

    assert read_comments(run) == [first, second]
    assert (first.author, first.text) == ("ada", "looks good")
    assert second.author
    assert first.time_us < second.time_us


def test_an_empty_comment_is_refused(tmp_path: Path) -> None:
    run = ended(tmp_path)

    with pytest.raises(ValueError, match="expected a comment"):
        add_comment(run, " \n")

    assert read_comments(run) == []


def test_the_record_of_the_run_is_not_touched(tmp_path: Path) -> None:
    run = ended(tmp_path)
    before = {
        path: path.read_bytes()
        for path in Path(run.meta_dir).rglob("*")
        if path.is_file() and path.parent.name != "user"
    }

    set_label(run, "x")
    add_tags(run, ["y"])
    add_comment(run, "z")

    assert {path: path.read_bytes() for path in before} == before


def test_each_change_is_logged_with_its_time(tmp_path: Path) -> None:
    run = ended(tmp_path)

    set_label(run, "x")
    add_tags(run, ["y"])

    lines = meta(run, "log", "user").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["Label: x", "Tags added: y"]
    assert all(line[:2] == "20" for line in lines)


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    run = ended(tmp_path)
    program = (
        "import sys\n"
        "from gage._internal.record.run_meta import run_for_meta_dir\n"
        "from gage._internal.store.user_attrs import add_comment, add_tags\n"
        "run = run_for_meta_dir(sys.argv[1])\n"
        "for i in range(20):\n"
        "    add_tags(run, [f'{sys.argv[2]}{i}'])\n"
        "    add_comment(run, f'{i}', sys.argv[2])\n"
    )

    writers = [
        subprocess.Popen([sys.executable, "-c", program, run.meta_dir, name], cwd=ROOT)
        for name in "abc"
    ]

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(RecordedRun.of(run).tags) == 60
    assert len(read_comments(run)) == 60


def test_damaged_attributes_are_said(tmp_path: Path) -> None:
    run = ended(tmp_path)
    add_tags(run, ["x"])
    meta(run, "user", "tags").write_text('"no list"')

    with pytest.raises(MetaError, match="expected a list, found str"):
        add_tags(run, ["y"])
