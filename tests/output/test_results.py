"""The record of what a run showed, read from files as a process leaves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gage._internal.errors import MetaError
from gage._internal.output.results import (
    HEADER,
    ResultsReader,
    caption,
    mime_bundle,
    read_results,
)


def show(time_us: int, text: str, **fields: Any) -> dict[str, Any]:
    event = {"event": "show", "time_us": time_us, "kind": "display", "at": 0, "printed": 0}
    event |= {"id": "", "origin": "", "data": {"text/plain": text}, "files": {}}
    return {**event, "metadata": {}, "left_out": {}, **fields}


def write(meta_dir: Path, name: str, *events: dict[str, Any], header: str = HEADER) -> Path:
    path = meta_dir / "results" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in (header, *map(json.dumps, events))))
    return path


def texts(meta_dir: Path) -> list[str]:
    results = read_results(str(meta_dir), pytest.fail)
    return [result.data["text/plain"] for result in results if not result.cleared]


def test_a_run_that_shows_nothing_has_no_results(tmp_path: Path) -> None:
    assert read_results(str(tmp_path), pytest.fail) == []


def test_results_of_several_processes_are_in_the_order_of_time(tmp_path: Path) -> None:
    write(tmp_path, "0000000000000001-10", show(5, "b"), show(9, "d"))
    write(tmp_path, "0000000000000002-11", show(3, "a"), show(7, "c"))

    assert texts(tmp_path) == ["a", "b", "c", "d"]


def test_an_update_replaces_in_place(tmp_path: Path) -> None:
    update = {**show(3, "new"), "event": "update", "id": "x"}
    write(tmp_path, "1-1", show(1, "old", id="x"), show(2, "other"), update)

    first, second = read_results(str(tmp_path), pytest.fail)

    assert (first.data, first.time_us, first.version) == ({"text/plain": "new"}, 1, 1)
    assert (second.data, second.version) == ({"text/plain": "other"}, 0)


@pytest.mark.parametrize(
    ("wait", "after", "left"),
    [(False, [], []), (True, [], ["a"]), (True, [show(3, "b")], ["b"])],
    ids=["at once", "still waiting", "with the next"],
)
def test_cleared(tmp_path: Path, wait: bool, after: list[Any], left: list[str]) -> None:
    clear = {"event": "clear", "time_us": 2, "at": 0, "wait": wait}
    write(tmp_path, "1-1", show(1, "a"), clear, *after)

    assert texts(tmp_path) == left


def test_what_is_cleared_is_of_one_process(tmp_path: Path) -> None:
    clear = {"event": "clear", "time_us": 3, "at": 0, "wait": False}
    write(tmp_path, "1-1", show(1, "a"), clear)
    write(tmp_path, "2-2", show(2, "other"))

    assert texts(tmp_path) == ["other"]


def test_a_torn_last_line_is_read_when_it_is_complete(tmp_path: Path) -> None:
    path = write(tmp_path, "1-1", show(1, "a"), show(2, "b"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    reader = ResultsReader(str(tmp_path), pytest.fail)

    reader.update()
    before = [result.data["text/plain"] for result in reader.results]
    path.write_bytes(whole)

    assert reader.update()
    assert before == ["a"]
    assert [result.data["text/plain"] for result in reader.results] == ["a", "b"]
    assert not reader.update()


def test_a_bad_line_is_told_and_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "1-1", show(1, "a"), {"event": "what"}, show(2, "b", at="x"))
    path.write_bytes(path.read_bytes() + b"\xff{\n" + json.dumps(show(3, "c")).encode() + b"\n")
    faults: list[str] = []

    results = read_results(str(tmp_path), faults.append)

    assert [result.data["text/plain"] for result in results] == ["a", "c"]
    assert len(faults) == 3
    assert f"{path}:15: 'time_us'" in faults[0] or "expected show" in faults[0]
    assert "expected an integer for at" in faults[1]


def test_another_version_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "1-1", show(1, "a"), header="gage-results 2")

    with pytest.raises(MetaError, match="expected 'gage-results 1'"):
        read_results(str(tmp_path), pytest.fail)


def test_a_part_whose_file_is_gone_is_said(tmp_path: Path) -> None:
    write(tmp_path, "1-1", show(1, "a", files={"image/png": ["ab" * 32, 12]}))

    (result,) = read_results(str(tmp_path), pytest.fail)

    assert mime_bundle(str(tmp_path), result) == {
        "text/plain": "a\n[image/png: the file in the side-car is gone or damaged]"
    }
    assert caption(str(tmp_path), result, 3) == "display 3, PNG"
