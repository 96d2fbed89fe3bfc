"""Many values on one line come back as they were, or the line is said to be damaged."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.types import Run
from gage.inside.metric_log import MetricLogReader, _OwnLog
from gage.inside.packed_metrics import packed_line, unpacked
from tests.reporting import logged, new_run

INTEGERS = st.integers(-(2**63), 2**63 - 1)
VALUES = st.lists(
    st.tuples(INTEGERS, st.just("") | INTEGERS, st.text(st.characters(codec="utf-8")), st.floats())
)


def packed(*values: tuple[Any, ...]) -> str:
    return packed_line([field for value in values for field in value])


@pytest.fixture
def run(runs_home: Path) -> Run:
    return new_run(runs_home)


@pytest.fixture
def own_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> _OwnLog:
    """The log of a process that is part of the run, which does not write until it is asked."""
    monkeypatch.setenv("RUN_DIR", run.run_dir)
    own_log = _OwnLog()
    own_log.log(first=0)
    own_log._due_ns = 2**63
    own_log._awake = True
    return own_log


@given(VALUES)
def test_values_come_back_as_they_were(values: list[tuple[int, int | str, str, float]]) -> None:
    line = packed(*values)

    assert line.endswith("\n")
    assert len(line.splitlines()) == 1
    read = [*unpacked(line[:-1])]
    assert [value[:3] for value in read] == [
        (time_us, None if step == "" else step, name) for time_us, step, name, _ in values
    ]
    for (*_, found), (*_, expected) in zip(read, values, strict=True):
        assert found == expected or (math.isnan(found) and math.isnan(expected))


LINE = packed((5, 1, "a", 0.25), (6, "", "a b", math.inf), (7, -3, "a", -0.0))[:-1]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(LINE[:20], id="cut in the columns"),
        pytest.param(LINE[:10] + LINE[10].swapcase() + LINE[11:], id="another character"),
        pytest.param(LINE[:10] + "é" + LINE[11:], id="a letter that base64 has not"),
        pytest.param(LINE[: LINE.rindex("\t")], id="a name less"),
        pytest.param(LINE + '\t"', id="a quote that is not closed"),
        pytest.param("*\t", id="nothing"),
    ],
)
def test_damaged_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"expected|no closing quote"):
        [*unpacked(line)]


def test_many_values_at_once_are_packed(own_log: _OwnLog, run: Run) -> None:
    for step in range(20_000):
        own_log.log(**{"a": step / 2, "b\t": -step}, step=None if step % 2 else step)
    own_log._flush()

    (path,) = Path(run.meta_dir, "metrics").iterdir()
    _header, _first, *lines = path.read_text().splitlines()
    assert {line[:2] for line in lines} == {"*\t"}
    assert len(path.read_bytes()) < 40_000 * 42
    read = [metric for metric in logged(run) if metric.name != "first"]
    assert [(metric.name, metric.value) for metric in read[:4]] == [
        ("a", 0.0),
        ("b\t", 0.0),
        ("a", 0.5),
        ("b\t", -1.0),
    ]
    assert [metric.value for metric in read if metric.name == "b\t"] == [
        -step for step in range(20_000)
    ]
    assert [metric.step for metric in read if metric.name == "a"] == [*range(20_000)]
    times = [metric.time_us for metric in read]
    assert times == sorted(times)


def test_damaged_line_costs_only_its_own_values(own_log: _OwnLog, run: Run) -> None:
    for step in range(200):
        own_log.log(a=step)
    own_log._flush()
    own_log.log(a=200)
    own_log._flush()
    (path,) = Path(run.meta_dir, "metrics").iterdir()
    data = path.read_bytes()
    place = data.index(b"*\t")
    path.write_bytes(data[: place + 40] + b"-" + data[place + 41 :])
    faults: list[str] = []

    read = MetricLogReader(run.meta_dir, faults.append).read()

    assert [(metric.name, metric.value) for metric in read] == [("first", 0), ("a", 200)]
    (fault,) = faults
    assert fault.startswith(f"{path}:{place}: expected packed values")
