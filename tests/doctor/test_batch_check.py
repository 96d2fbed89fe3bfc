"""Batches that were left unfinished."""

from __future__ import annotations

from pathlib import Path

from gage._internal.doctor.examination import examine, repair
from tests.doctor.found import long_ago, only
from tests.making import staged


def test_a_batch_that_was_never_planned_is_moved_away(tmp_path: Path) -> None:
    run = staged(tmp_path)
    directory = tmp_path / ".batches" / run.id
    directory.mkdir(parents=True)
    (directory / "x").write_text("")
    assert examine(str(tmp_path)) == []

    long_ago(directory)
    assert "without a plan" in only(repair(str(tmp_path))).problem

    assert (tmp_path / ".damaged" / ".batches" / run.id / "x").exists()
    assert not directory.exists()
