"""What a run logs arrives, whole, from however many processes, and whatever happens to them."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.errors import MetaError
from gage._internal.types import Run
from gage.inside.metric_log import Metric, MetricLogReader, _OwnLog
from tests.inside.logs import log_file, write_log
from tests.reporting import ROOT, fail, logged, new_run, run_program


class TestLogging:
    def test_values_of_a_call_have_its_step_and_time(self, run: Run) -> None:
        times = run_program(
            run,
            "import gage, time; print(time.time_ns() // 1000);"
            "gage.log(loss=0.3, acc=1, step=10); print(time.time_ns() // 1000)",
        )

        before_us, after_us = map(int, times.split())
        loss, acc = logged(run)
        assert loss == Metric("loss", 10, loss.time_us, 0.3, "logged")
        assert acc == Metric("acc", 10, loss.time_us, 1.0, "logged")
        assert before_us <= loss.time_us <= after_us

    def test_step_counts_by_name_when_it_is_not_said(self, run: Run) -> None:
        run_program(
            run,
            "import gage\n"
            "gage.log(a=1); gage.log(a=2, b=3)\n"
            "gage.log(a=4, step=10); gage.log(a=5); gage.log(b=6)",
        )

        assert [(m.name, m.step, m.value) for m in logged(run)] == [
            *[("a", 0, 1.0), ("a", 1, 2.0), ("b", 0, 3.0)],
            *[("a", 10, 4.0), ("a", 11, 5.0), ("b", 1, 6.0)],
        ]

    def test_outside_of_a_run_nothing_is_written(self, tmp_path: Path) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "RUN_DIR": str(tmp_path / "gone")}

        subprocess.run(
            [sys.executable, "-c", "import gage; gage.log(loss=1); gage.progress(1, 2)"],
            cwd=tmp_path,
            env=env,
            check=True,
        )

        assert list(tmp_path.iterdir()) == []

    def test_path_of_the_run_outlives_a_change_of_directory(self, run: Run) -> None:
        run_program(
            run,
            "import os; os.environ['RUN_DIR'] = '../' + os.environ['RUN_ID'];"
            "import gage; gage.log(a=1); os.chdir('/'); gage.log(a=2)",
        )

        assert [metric.value for metric in logged(run)] == [1, 2]

    def test_only_light_modules_are_loaded(self, run: Run) -> None:
        loaded = run_program(
            run,
            "import sys; before = {*sys.modules}\n"
            "import gage; gage.log(a=1); gage.log(a=1); gage.progress(1, 2)\n"
            "print(*({*sys.modules} - before))",
        )

        others = {name for name in loaded.split() if not name.startswith(("gage", "_"))}
        assert others <= {
            "atexit",
            "collections",
            "errno",
            "itertools",
            "keyword",
            "operator",
            "reprlib",
        }

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param(True, 1.0, id="bool"),
            pytest.param(2**70, float(2**70), id="large int"),
            pytest.param(np.float32(0.1), float(np.float32(0.1)), id="numpy float32"),
            pytest.param(np.float64(0.1), 0.1, id="numpy float64"),
            pytest.param(np.int8(-3), -3.0, id="numpy int8"),
            pytest.param(np.bool_(True), 1.0, id="numpy bool"),
            pytest.param(np.array(2.5), 2.5, id="numpy 0-d"),
            pytest.param(np.array([[2.5]]), 2.5, id="numpy one element"),
            pytest.param(-0.0, -0.0, id="minus zero"),
        ],
    )
    def test_numbers_of_all_kinds_are_values(
        self, own_log: _OwnLog, run: Run, value: float, expected: float
    ) -> None:
        own_log.log(x=value)

        (metric,) = logged(run)
        assert struct.pack("d", metric.value) == struct.pack("d", expected)

    def test_torch_like_scalars_are_values(self, own_log: _OwnLog, run: Run) -> None:
        class Tensor:
            shape = ()

            def item(self) -> float:
                return 0.25

            def __float__(self) -> float:
                return 0.25

        own_log.log(x=Tensor())

        assert [metric.value for metric in logged(run)] == [0.25]

    @pytest.mark.parametrize(
        ("value", "found"),
        [
            pytest.param("0.3", "str '0.3'", id="text"),
            pytest.param(np.str_("0.3"), "str", id="numpy text"),
            pytest.param(None, "NoneType None", id="None"),
            pytest.param(1j, "complex", id="complex"),
            pytest.param([0.3], "list", id="list"),
            pytest.param(np.zeros(3), r"ndarray of shape \(3,\)", id="array"),
            pytest.param(np.datetime64("2026-01-01"), "datetime64", id="time"),
        ],
    )
    def test_what_is_not_a_number_is_refused_by_name(
        self, own_log: _OwnLog, run: Run, value: float, found: str
    ) -> None:
        with pytest.raises(TypeError, match=f"expected a number for 'loss', found {found}"):
            own_log.log(ok=1, loss=value)

        own_log._flush()
        assert logged(run) == [], "no part of a refused call counts"

    def test_number_beyond_a_float_is_refused(self, own_log: _OwnLog) -> None:
        with pytest.raises(OverflowError, match="'loss'"):
            own_log.log(loss=10**400)

    @pytest.mark.parametrize("step", ["1", 1.5, b"1"], ids=repr)
    def test_step_that_is_not_an_integer_is_refused(self, own_log: _OwnLog, step: int) -> None:
        with pytest.raises(TypeError, match="expected an integer for step, found"):
            own_log.log(step, x=1)

    @pytest.mark.parametrize("step", [2**63, -(2**63) - 1, np.uint64(2**63)], ids=repr)
    def test_step_of_more_than_64_bits_is_refused(self, own_log: _OwnLog, step: int) -> None:
        with pytest.raises(OverflowError, match="64 bits"):
            own_log.log(step, x=1)

    @pytest.mark.parametrize("step", [np.int64(7), True, -(2**63), 2**63 - 1], ids=repr)
    def test_integers_of_all_kinds_are_steps(self, own_log: _OwnLog, run: Run, step: int) -> None:
        own_log.log(x=1, step=step)

        assert [metric.step for metric in logged(run)] == [int(step)]

    def test_call_without_values_logs_nothing(self, own_log: _OwnLog, run: Run) -> None:
        own_log.log(step=3)
        own_log.log(self=1)
        own_log._flush()

        assert [metric.name for metric in logged(run)] == ["self"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.dictionaries(
                st.text(st.characters(codec="utf-8")).filter(lambda name: name != "step"),
                st.floats(width=64),
                min_size=1,
                max_size=4,
            ),
        ),
        max_size=20,
    )
)
def test_names_values_and_steps_come_back_as_they_were(
    runs_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    calls: list[tuple[int | None, dict[str, float]]],
) -> None:
    run = new_run(runs_home)
    monkeypatch.setenv("RUN_DIR", run.run_dir)
    own_log = _OwnLog()

    for step, values in calls:
        own_log.log(step, **values)
    own_log._flush()

    read = logged(run)
    expected = [(name, value) for _, values in calls for name, value in values.items()]
    assert [metric.name for metric in read] == [name for name, _ in expected]
    for metric, (_, value) in zip(read, expected, strict=True):
        assert metric.value == value or (math.isnan(metric.value) and math.isnan(value))
    steps = [step for step, values in calls for _ in values]
    assert all(m.step == step for m, step in zip(read, steps, strict=True) if step is not None)


def test_bytes_of_file_names_in_a_name_come_back(own_log: _OwnLog, run: Run) -> None:
    name = os.fsdecode(b"loss\xff\t\n")

    own_log.log(**{name: 1.0})

    assert [metric.name for metric in logged(run)] == [name]


class TestReading:
    def test_reader_gives_each_value_once(self, own_log: _OwnLog, run: Run) -> None:
        reader = MetricLogReader(run.meta_dir, fail)
        assert reader.read() == []

        own_log.log(x=1)
        own_log._flush()
        first = reader.read()
        own_log.log(x=2)
        own_log._flush()
        second = reader.read()

        assert [(metric.value, metric.step) for metric in (*first, *second)] == [(1, 0), (2, 1)]
        assert reader.read() == []

    @pytest.mark.parametrize("cut", range(1, 30))
    def test_torn_last_line_is_not_read_before_it_is_whole(self, run: Run, cut: int) -> None:
        whole = b"gage-metrics 1\n5\t1\tloss\t0.25\n6\t2\tloss\t-inf\n"
        path = write_log(run, whole[:-cut])
        reader = MetricLogReader(run.meta_dir, fail)

        first = reader.read()
        path.write_bytes(whole)
        second = reader.read()

        assert [*first, *second] == [
            Metric("loss", 1, 5, 0.25, "logged"),
            Metric("loss", 2, 6, -math.inf, "logged"),
        ]

    @pytest.mark.parametrize(
        "line",
        [
            b"nonsense",
            b"5\t1\tloss",
            b"5\t1\tloss\tmuch",
            b"5\tone\tloss\t1",
            b"5\t9223372036854775808\tloss\t1",
            b'5\t1\t"loss\t1',
            b"\0\0\0\0",
            b"5\t1\tloss\t1\tacc\t\xff",
        ],
        ids=repr,
    )
    def test_damaged_line_is_told_and_the_others_are_read(self, run: Run, line: bytes) -> None:
        path = write_log(run, b"gage-metrics 1\n5\t1\ta\t1\n" + line + b"\n7\t3\ta\t3\n")
        faults: list[str] = []

        read = MetricLogReader(run.meta_dir, faults.append).read()

        assert [metric.value for metric in read] == [1, 3]
        assert len(faults) == 1
        assert faults[0].startswith(f"{path}:23: ")

    def test_first_version_is_read(self, run: Run) -> None:
        write_log(run, b"gage-metrics 1\n5\t\ta\t1\tb\t2\n6\t\tb\t3\n")

        assert [tuple(metric) for metric in logged(run)] == [
            ("a", 0, 5, 1.0, "logged"),
            ("b", 0, 5, 2.0, "logged"),
            ("b", 1, 6, 3.0, "logged"),
        ]

    def test_other_version_is_refused(self, run: Run) -> None:
        write_log(run, b"gage-metrics 3\n5\t1\ta\t1\n")

        with pytest.raises(MetaError, match=r"expected 'gage-metrics 2'.*found 'gage-metrics 3'"):
            logged(run)

    def test_file_of_something_else_is_left_alone(self, run: Run) -> None:
        write_log(run, b"whatever", "notes.txt")
        write_log(run, b"")

        assert logged(run) == []

    def test_file_begins_with_its_version(self, own_log: _OwnLog, run: Run) -> None:
        own_log.log(**{"val/loss": 0.5, "top 5": 1}, step=3)

        header, *lines = log_file(run).read_text().splitlines()
        assert header == "gage-metrics 2"
        assert [line.split("\t")[1:] for line in lines] == [
            ["3", "val/loss", "0.5"],
            ["3", "top 5", "1.0"],
        ]
