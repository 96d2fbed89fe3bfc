"""Values in what a run prints are found, and nothing else is taken for one."""

from __future__ import annotations

import itertools
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.metrics.printed import PrintedReader
from gage._internal.output.captured import run_captured
from gage._internal.output.writer import Capture
from gage._internal.record.layout import run_meta_path
from gage._internal.types import OpDef, Run
from gage.inside.metric_log import Metric
from tests.reporting import new_run, write_output

STDERR = 1


@pytest.fixture
def run(runs_home: Path) -> Run:
    return new_run(runs_home)


def read(run: Run, output_summary: Any = True) -> list[Metric]:
    opdef = OpDef("train", {"output-summary": output_summary})
    return PrintedReader(run, opdef).read(final=True)


def values(run: Run, output_summary: Any = True) -> list[tuple[str, int | None, float]]:
    return [(m.name, m.step, m.value) for m in read(run, output_summary)]


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (b"loss: 0.25", "loss", 0.25),
        (b"loss:0.25", "loss", 0.25),
        (b"loss:   1e-3  ", "loss", 0.001),
        (b"loss:\t-1.5E+10\r", "loss", -1.5e10),
        (b"val/acc: .5", "val/acc", 0.5),
        (b"top 5 (%): 91.", "top 5 (%)", 91.0),
        (b"_x : +7", "_x", 7.0),
        ("präzision: 1".encode(), "präzision", 1.0),
        (b"loss: nan", "loss", math.nan),
        (b"loss: -inf", "loss", -math.inf),
        (b"loss: Infinity", "loss", math.inf),
        (b"\x1b[1mloss\x1b[0m: \x1b[32m0.5\x1b[0m", "loss", 0.5),
        (b"10%|#   |\rloss: 0.5", "loss", 0.5),
        (b"loss: 0.1\rloss: 0.5", "loss", 0.5),
        (b"  loss: 0.5", "loss", 0.5),
        (b"loss: 0.5 (best)", "loss", 0.5),
        (b"size: 5", None, None),
        (b"loss: 1_000", None, None),
        (b"loss: 1,000", None, None),
        (b"loss: 0x10", None, None),
        (b"loss: 50%", "loss", 50.0),
        (b"loss: -", None, None),
        (b"loss: e", None, None),
        (b"12:30: 5", None, None),
        (b"a: b: 5", None, None),
        (b"http://host: 80", None, None),
        (b": 5", None, None),
        (b"5", None, None),
        (b"x" * 81 + b": 5", None, None),
        (b"\xff\xfe: 5", None, None),
    ],
    ids=repr,
)
def test_whole_line_of_name_and_number_is_a_value(
    run: Run, line: bytes, name: str | None, value: float | None
) -> None:
    write_output(run, b"before\n" + line + b"\nafter\n")

    found = read(run)

    assert [metric.name for metric in found] == ([] if name is None else [name])
    assert repr([metric.value for metric in found]) == repr([] if name is None else [value])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.from_regex(r"[a-z][a-z_/0-9]{0,8}", fullmatch=True), st.floats())))
def test_printed_floats_come_back(run: Run, pairs: list[tuple[str, float]]) -> None:
    pairs = [pair for pair in pairs if pair[0] != "step"]
    write_output(run, "".join(f"{name}: {value}\n" for name, value in pairs).encode())

    found = read(run)

    assert repr([(metric.name, metric.value) for metric in found]) == repr(pairs)


def test_step_is_of_the_values_after_it(run: Run) -> None:
    write_output(run, b"a: 1\na: 2\nstep: 10\na: 3\nb: 4\na: 5\nstep: 2.5\nstep: 20\nb: 6\n")

    assert values(run) == [
        *[("a", 0, 1.0), ("a", 1, 2.0)],
        *[("a", 10, 3.0), ("b", 10, 4.0), ("a", 10, 5.0)],
        ("b", 20, 6.0),
    ]


def test_time_is_that_of_the_line(run: Run) -> None:
    write_output(run, b"loss: 1\n")
    index = Path(run_meta_path(run, "output", "40_run.index")).read_bytes()

    (metric,) = read(run)

    assert metric.time_us == int.from_bytes(index[:8], "big") * 1000


def test_value_before_a_bar_on_the_other_stream_counts(run: Run) -> None:
    write_output(run, b"loss: 4", (b"\r100%|####", 1), (b"\n", 1))

    assert [(metric.name, metric.value) for metric in read(run)] == [("loss", 4)]


def test_value_behind_a_bar_on_the_other_stream_counts(run: Run) -> None:
    write_output(run, (b"\r 10%|#    | 1/10", STDERR), (b"loss: 0.5\n", 0), (b"lr: 1\n", STDERR))

    assert values(run) == [("loss", 0, 0.5), ("lr", 0, 1.0)]


@pytest.mark.parametrize(
    ("output_summary", "expected"),
    [
        pytest.param(True, [("loss", 3, 0.5), ("acc", 3, 0.9)], id="default"),
        pytest.param(False, [], id="off"),
        pytest.param(r"(\w+)=(\S+)", [("loss", 0, 0.5), ("acc", 0, 0.9)], id="two groups"),
        pytest.param(
            r"(?P<value>[\d.]+)(?P<name>%)?", [("%", 0, 9.0)], id="a group that took no part"
        ),
        pytest.param(
            [r"(l\w+)=(\S+)", r"(a\w+)=(\S+)"], [("loss", 0, 0.5), ("acc", 0, 0.9)], id="list"
        ),
        pytest.param({"L": "loss=(\\S+)"}, [("L", 0, 0.5)], id="by name"),
        pytest.param(
            {"L": "loss=(?P<value>\\S+)", "step": "epoch (\\d+)"}, [("L", 3, 0.5)], id="with step"
        ),
        pytest.param(
            r"(?P<name>epoch|loss)[ =](?P<value>\S+)",
            [("epoch", 0, 3.0), ("loss", 0, 0.5)],
            id="named",
        ),
        pytest.param(r"(epoch) (\w+)x", [], id="nothing"),
        pytest.param(r"(\w+)=(\D+)", [], id="not a number"),
    ],
)
def test_operation_says_what_counts(
    run: Run, output_summary: Any, expected: list[tuple[str, int, float]]
) -> None:
    write_output(run, b"epoch 3 \x1b[1mloss=0.5\x1b[0m acc=0.9 9%\n")

    assert values(run, output_summary) == expected


def test_step_counts_wherever_it_stands_on_its_line(run: Run) -> None:
    write_output(run, b"loss=0.5 step=7\nloss=0.4 step=8\n")

    assert values(run, r"(\w+)=(\S+)") == [("loss", 7, 0.5), ("loss", 8, 0.4)]


@pytest.mark.parametrize(
    ("output_summary", "message"),
    [
        ("(", "output-summary: .*unterminated"),
        ("(?P<name>x) (y)", "groups for name and value"),
        ({"loss": "x"}, "groups for the value"),
        (["(?P<name>x)"], "groups for name and value"),
    ],
    ids=repr,
)
def test_expression_that_cannot_be_used_is_told(
    run: Run, output_summary: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(run, output_summary)


def test_growing_output_gives_each_value_once(run: Run) -> None:
    capture = Capture(run_meta_path(run, "output", "40_run"))
    reader = PrintedReader(run, OpDef("train", {}))
    seen = []

    for portion in (b"", b"a: 1\nb: ", b"2", b"\n\nc: 3\n", b"d: 4"):
        capture.write(portion, 0)
        seen.append([metric.name for metric in reader.read(final=False)])
    seen.append([metric.name for metric in reader.read(final=True)])
    capture.close()

    assert seen == [[], ["a"], [], ["b", "c"], [], ["d"]]
    assert reader.read(final=True) == []


def test_reader_may_begin_before_there_is_an_output(run: Run) -> None:
    reader = PrintedReader(run, OpDef("train", {}))

    assert reader.read(final=False) == []


@pytest.mark.parametrize("size", [(1 << 20) - 9, 1 << 20, 3 << 20])
def test_lines_longer_than_a_block_are_read(run: Run, size: int) -> None:
    write_output(run, b"x" * size, b"\rloss: 1\n", b"y" * size, b"\nacc: 2\n", b"z" * size)

    assert values(run) == [("loss", 0, 1.0), ("acc", 0, 2.0)]


def test_quick_look_misses_nothing(run: Run) -> None:
    """Of lines like values, a block on its own gives what reading each line gives."""
    parts = [b"loss", b": ", b":\t", b"0.5", b"-inf", b"NaN", b" ", b"\r", b"\x1b[0m", b"e", b"x"]
    lines = map(b"".join, itertools.product(parts, parts[1:3], parts, parts, parts[3:9]))
    reader = PrintedReader(run, OpDef("train", {}))

    for line in lines:
        block = line + b"\n"
        match = reader._expressions.line.fullmatch(reader._shown(block))
        assert not match or reader._may_hold(block), line


def test_real_training_script(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import sys, numpy as np\n"
        "from tqdm import tqdm\n"
        "rng = np.random.default_rng(0)\n"
        "x = rng.normal(size=(200, 3)); w = np.array([1.0, -2.0, 0.5]); y = x @ w\n"
        "fit = np.zeros(3)\n"
        "print('Training: a linear model')\n"
        "for epoch in tqdm(range(20), file=sys.stderr, mininterval=0):\n"
        "    error = x @ fit - y\n"
        "    fit -= 0.1 * x.T @ error / len(x)\n"
        "    print(f'step: {epoch}', flush=True)\n"
        "    print(f'loss: {np.mean(error**2)}', flush=True)\n"
        "print('weights:', fit)\n"
        "print(f'final loss: {np.mean((x @ fit - y)**2):.3e}', end='')\n"
    )

    code = run_captured(
        [sys.executable, str(script)],
        run.run_dir,
        {"PATH": "/usr/bin:/bin"},
        run_meta_path(run, "output", "40_run"),
    )

    found = read(run)
    loss = [metric for metric in found if metric.name == "loss"]
    assert code == 0
    assert [metric.step for metric in loss] == list(range(20))
    assert all(a.value > b.value for a, b in itertools.pairwise(loss))
    assert [metric.name for metric in found if metric.name != "loss"] == ["final loss"]
    text = Path(run_meta_path(run, "output", "40_run")).read_text()
    assert re.search(r"20/20", text), "the bar was there"


def test_a_line_of_any_length_holds_a_value_after_its_last_return(run: Run) -> None:
    """A bar that writes itself anew for hours is one line."""
    bar = b"".join(b"\r%7d/3000000" % step for step in range(200_000))
    write_output(run, bar + b"\rloss: 0.5\n", b"acc: 0.75\n")

    assert values(run) == [("loss", 0, 0.5), ("acc", 0, 0.75)]


def test_a_value_at_the_end_of_a_long_line_is_found_by_an_expression(run: Run) -> None:
    write_output(run, b"x" * 3_000_000 + b" loss=0.5 and no more\n", b"loss=0.25\n")

    assert values(run, {"loss": r"loss=([\d.]+)"}) == [("loss", 0, 0.5), ("loss", 1, 0.25)]


@pytest.mark.parametrize(
    "line",
    [
        b"INFO: " + b"\x1b[31m word " * 5000 + b"x",
        b"INFO: " + b"\x1b[0m " * 5000 + b"x",
        b"loss: 1" + b"\x1b[0m " * 5000 + b"x",
        b"loss: " + b"1" * 50_000 + b"e1e",
    ],
    ids=["words", "colours", "after", "digits"],
)
def test_no_line_takes_long(run: Run, line: bytes) -> None:
    """Each of these took longer than anybody waits: as long as 2 to the power of its colours."""
    write_output(run, line + b"\n", b"loss: 0.5\n")

    assert values(run) == [("loss", 0, 0.5)]


_LONG_LINE = """
import resource, sys
from gage._internal.metrics.printed import PrintedReader
from gage._internal.output.reader import OutputReader
from gage._internal.output.stream import OutputStream
from gage._internal.record.layout import run_meta_path
from gage._internal.record.run_meta import run_for_meta_dir
from gage._internal.store.reports import output_rows
from gage._internal.store.recorded_run import RecordedRun
from gage._internal.types import OpDef

run = RecordedRun.of(run_for_meta_dir(sys.argv[1]))
reader = OutputReader(run_meta_path(run, "output", "40_run"))
mebibyte = 1024 * (1024 if sys.platform == "darwin" else 1)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak()
assert [metric.value for metric in PrintedReader(run, OpDef("t", {})).read(final=True)] == [0.5]
metrics = PrintedReader(run, OpDef("t", {"output-summary": {"loss": "loss: (.*)"}}))
assert [metric.value for metric in metrics.read(final=True)] == [0.5]
assert sum(len(line.data) for line in reader.lines()) == reader.size_bytes
assert len(reader.last_lines(20, 8192)) < 8193
assert sum(len(data) for _, data in reader.tail_by_stream(16384, 20)) <= 16384
assert len(list(OutputStream(reader.path).read())) == 1
rows = list(output_rows(run))
assert [len(row["text"]) < 70_000 for row in rows] == [True, True]
assert "more bytes" in rows[0]["text"]
print((peak() - before) // mebibyte)
"""


def test_memory_does_not_grow_with_a_line(run: Run) -> None:
    """What reads 200 MB in one line needs a few."""
    write_output(run, *[b"x" * 1_000_000] * 200, b"\nloss: 0.5\n")
    done = subprocess.run(
        [sys.executable, "-c", _LONG_LINE, run.meta_dir], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < 24, "MiB"


_LOGS = Path(__file__).with_name("logs_without_metrics.txt").read_text()


@pytest.mark.parametrize("log", _LOGS.split("=== ")[1:], ids=lambda log: log.partition("\n")[0])
def test_a_log_without_metrics_gives_none(run: Run, log: str) -> None:
    write_output(run, log.partition("\n")[2].encode())

    assert values(run) == []
