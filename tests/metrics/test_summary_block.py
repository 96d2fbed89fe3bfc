"""A summary that a run prints as a block of JSON, a form of gage 0.1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gage._internal.metrics.summary import finalize_summary
from gage._internal.metrics.summary_file import read_summary
from gage._internal.record.run_meta import meta_opdef
from tests.reporting import new_run, write_output

BLOCK = b'--- summary ---\n{"metrics": {"acc": 0.9},\n "attributes": {"data": "v2"}}\n---\n'


def summary_of(
    home: Path, output: bytes, definition: dict[str, Any] | None = None
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    run = new_run(home, definition or {})
    write_output(run, output)
    finalize_summary(run, meta_opdef(run))
    log = Path(run.meta_dir, "log", "runner").read_text().splitlines()
    return read_summary(run), [line for line in log if "Warning: " in line]


def test_block_between_the_lines_of_gage_0_1_is_found(runs_home: Path) -> None:
    found, warnings = summary_of(runs_home, b"epoch: 1\n" + BLOCK)

    assert found["metrics"]["acc"] == 0.9
    assert found["attributes"] == {"data": "v2"}
    assert warnings == []


def test_the_last_block_counts(runs_home: Path) -> None:
    found, _ = summary_of(runs_home, BLOCK + BLOCK.replace(b"0.9", b"0.95"))

    assert found["metrics"]["acc"] == 0.95


@pytest.mark.parametrize("text", ["RESULT<<(.*?)>>", "(?s)RESULT<<(?P<json>.*?)>>"])
def test_expression_with_one_group_holds_the_block(runs_home: Path, text: str) -> None:
    output = b'loss: 3\nRESULT<<{"acc": 0.9,\n"n": 2}>>\n'

    found, warnings = summary_of(runs_home, output, {"output-summary": text})

    assert found == {"metrics": {"acc": 0.9, "n": 2}, "attributes": {}}
    assert warnings == []


@pytest.mark.parametrize("switch", ["", False], ids=["empty", "false"])
def test_switched_off_nothing_is_found(runs_home: Path, switch: object) -> None:
    found, warnings = summary_of(runs_home, b"loss: 1\n" + BLOCK, {"output-summary": switch})

    assert found == {"metrics": {}, "attributes": {}}
    assert warnings == []


@pytest.mark.parametrize(
    "block",
    [b"{", b'{"metrics": ', b"[1]", b'{"a": ' + b"[" * 100_000, b"\xff"],
    ids=["open", "torn", "list", "deep", "bytes"],
)
def test_block_that_cannot_be_used_is_a_warning(runs_home: Path, block: bytes) -> None:
    definition = {"output-summary": "<<(.*)>>"}

    found, warnings = summary_of(runs_home, b"<<" + block + b">>\n", definition)

    assert found == {"metrics": {}, "attributes": {}}
    assert len(warnings) == 1
    assert "the printed summary" in warnings[0]


def test_expression_that_cannot_be_used_is_a_warning(runs_home: Path) -> None:
    found, warnings = summary_of(runs_home, b"loss: 1\n", {"output-summary": "loss ("})

    assert found["metrics"] == {}
    assert len(warnings) == 1
    assert "output-summary" in warnings[0]
