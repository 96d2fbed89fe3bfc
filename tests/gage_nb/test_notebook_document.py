"""The document of a notebook as it is recorded."""

from __future__ import annotations

from gage_nb.notebook_document import document_of, holds_source


def test_the_oldest_executed_cells_are_left_out_of_too_many() -> None:
    executed = [(number, "#" * 300_000) for number in range(1, 6)]

    document, left_out = document_of(executed)

    assert [cell["execution_count"] for cell in document["cells"]] == [3, 4, 5]
    assert left_out == 2


def test_a_cell_is_found_however_its_lines_are_written() -> None:
    document = {"cells": [{"source": ["x = 1\n", "y = 2\n"]}, "no cell", {"source": "z"}]}

    assert holds_source(document, "\nx = 1\ny = 2")
    assert holds_source(document, "z")
    assert not holds_source(document, "x = 1")
