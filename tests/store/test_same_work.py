"""A run that did the same work."""

from __future__ import annotations

from pathlib import Path

import gage


def test_a_run_that_is_not_needed_is_the_one_that_was(project: Path, runs_home: Path) -> None:
    train = project / "train.py"
    train.write_text("lr = 0.1\n")
    first = gage.run("train.py", {"lr": 1})

    same = gage.run("train.py", {"lr": 1.0}, needed=True)
    other = gage.run("train.py", {"lr": 2}, needed=True)
    train.write_text("lr = 0.1\nprint()\n")
    changed = gage.run("train.py", {"lr": 1}, needed=True)

    assert same.id == first.id
    assert len({first.id, other.id, changed.id}) == 3
    assert len(gage.runs()) == 3
