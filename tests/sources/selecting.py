"""Projects to select from, and one way to select that holds both ways to each other."""

from __future__ import annotations

from pathlib import Path

from gage._internal.sources.selection import Selection, copy_selected, select_sourcecode

RUN_ID = "60a825b1-7ce8-4ef5-9c9a-a1d6be0d9d2f"


def make(project: Path, *paths: str, data: bytes = b"text\n") -> None:
    """Make files, each with the same content."""
    for path in paths:
        full_path = project / path
        full_path.parent.mkdir(parents=True, exist_ok=True)
        full_path.write_bytes(data)


def select(project: Path, *patterns: str, always: tuple[str, ...] = ()) -> Selection:
    """Select by both ways, which must agree."""
    selection = select_sourcecode(str(project), patterns, always=always)
    run_dir = project.parent / f"run-of-{project.name}"
    run_dir.mkdir()
    copied, notes = copy_selected(str(project), str(run_dir), patterns, always=always)
    assert [file.path for file in copied] == selection.paths
    assert notes == selection.notes
    return selection
