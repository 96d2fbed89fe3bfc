"""The runner's log and notes: each entry stays one, each note comes back as it was."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gage._internal.errors import MetaError
from gage._internal.record.runner_log import log_note, log_runner, read_notes
from gage._internal.staging.staging import make_run
from gage._internal.types import Run
from tests.making import meta


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(str(tmp_path))


def test_an_entry_of_the_log_has_its_time_and_stays_one_entry(run: Run) -> None:
    log_runner(run, "one\ntwo " + os.fsdecode(b"\xff"))

    data = meta(run, "log", "runner").read_bytes()
    assert re.fullmatch(rb"\S+T\S+[+-]\d{4} one\n  two \xff\n", data)


def test_notes_come_back_without_the_rest_of_the_log(run: Run) -> None:
    log_runner(run, "Writing meta id")
    log_note(run, "left out: a.csv")
    log_runner(run, "said Note: nothing")
    log_note(run, "left out: b.csv")

    assert read_notes(run) == ["left out: a.csv", "left out: b.csv"]


def test_a_run_without_a_log_has_no_notes(run: Run) -> None:
    assert read_notes(run) == []


@pytest.mark.parametrize(
    "note", ["first\nsecond", "", " x ", '"quoted"', "a\\b", os.fsdecode(b"caf\xe9"), "Note: x"]
)
def test_a_note_comes_back_whole(run: Run, note: str) -> None:
    log_note(run, "before")
    log_note(run, note)
    log_note(run, "after")

    assert read_notes(run) == ["before", note, "after"]


def test_a_note_is_also_in_the_log_for_people(run: Run) -> None:
    log_note(run, "first\nsecond")

    assert meta(run, "log", "runner").read_text().endswith(" Note: first\n  second\n")


def test_notes_of_a_run_recorded_before_there_was_their_file_are_kept(run: Run) -> None:
    log_runner(run, "Note: old")
    log_runner(run, "Note: two\nlines")
    log_runner(run, "something else\nNote: not one")

    assert read_notes(run) == ["old", "two\nlines"]
    log_note(run, "new")
    assert read_notes(run) == ["old", "two\nlines", "new"]


def test_a_note_that_a_crash_cut_off_is_not_read(run: Run) -> None:
    log_note(run, "whole")
    with meta(run, "log", "notes").open("a") as file:
        file.write('"cut')

    assert read_notes(run) == ["whole"]


def test_damaged_notes_are_named(run: Run) -> None:
    log_note(run, "whole")
    with meta(run, "log", "notes").open("a") as file:
        file.write('"no end\n')

    with pytest.raises(MetaError, match="notes: no closing quote"):
        read_notes(run)
