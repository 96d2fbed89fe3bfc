"""Cells that were edited after they ran."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gage_nb.world.edits import edited_since, saved_sources
from gage_nb.world.executions import Execution
from tests.shells import running_shell


def test_a_cell_saved_with_another_text_was_edited() -> None:
    executions = [Execution(1, "a", "x = 1"), Execution(2, "b", "y = 1")]

    assert edited_since(executions, {"a": "x = 2", "b": "y = 1\n"}) == {1}


def test_a_cell_that_ran_again_with_another_text_was_edited() -> None:
    executions = [Execution(1, "a", "x = 1"), Execution(2, "b", "y"), Execution(3, "a", "x = 2")]

    assert edited_since(executions, {}) == {1}


def test_a_cell_without_an_id_is_never_said_to_be_edited() -> None:
    assert not edited_since([Execution(1, "", "x = 1")], {"a": "x = 2"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"cells": [{"id": "a", "source": ["x = 1\n", "y"]}]}), {"a": "x = 1\ny"}),
        ("no JSON", {}),
        ("[]", {}),
        ('{"cells": [1, {"id": "a"}]}', {}),
        (None, {}),
    ],
)
def test_saved_cells_are_read_where_they_can_be(
    project: Path,
    runs_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    expected: dict[str, str],
) -> None:
    path = project / "saved.ipynb"
    if text is not None:
        path.write_text(text)
    monkeypatch.setitem(os.environ, "JPY_SESSION_NAME", str(path))

    with running_shell() as shell:
        assert saved_sources(shell) == expected
