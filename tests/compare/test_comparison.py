"""Many runs side by side: what differs, and groups as pandas and SciPy have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gage._internal.compare.comparison import Comparison, compare_groups, compare_runs
from gage._internal.compare.comparison_text import comparison_table, shared_text
from gage._internal.compare.directions import Direction
from gage._internal.compare.groups import Grouping

MINIMIZE = {"loss": Direction("minimize", "as asked")}
BY_LR = Grouping(("config.lr",), ("config.seed",))


def row(
    number: int, config: dict[str, Any], metrics: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "run": f"run-{number}",
        "id": f"id-{number}",
        "operation": "train",
        "status": "completed",
        "label": None,
        "tags": [],
        "started_us": number,
        "duration_us": 1,
        "config": config,
        "metrics": metrics,
        "attributes": {},
        **more,
    }


THREE = [
    row(1, {"lr": 0.1, "epochs": 5}, {"loss": 0.5, "epoch": 5}),
    row(2, {"lr": 0.2, "epochs": 5}, {"loss": 0.4, "epoch": 5}),
    row(3, {"lr": 0.3, "epochs": 5}, {"loss": None, "epoch": 5}, status="error"),
]


def test_only_what_differs_has_a_column() -> None:
    found = compare_runs(THREE, {})

    assert list(found.rows[0]) == ["run", "status", "config.lr", "metric.loss", "id"]
    assert found.shared == {"operation": "train", "config.epochs": 5, "metric.epoch": 5}
    assert shared_text(found) == "operation=train, epochs=5, epoch=5"


def test_all_columns_on_request() -> None:
    found = compare_runs(THREE, {}, every=True)

    assert list(found.rows[0]) == [
        *("run", "status", "config.lr", "metric.loss", "operation", "config.epochs"),
        *("metric.epoch", "started_us", "duration_us", "id"),
    ]
    assert [r["config.epochs"] for r in found.rows] == [5, 5, 5]


def test_differences_from_a_baseline() -> None:
    found = compare_runs(THREE, MINIMIZE, "id-2")

    assert [r["run"] for r in found.rows] == ["run-2", "run-1", "run-3"]
    assert [r["delta.loss"] for r in found.rows] == [0, pytest.approx(0.1), None]
    assert [r["percent.loss"] for r in found.rows] == [0, pytest.approx(25), None]
    assert [r["change.loss"] for r in found.rows] == ["same", "worse", None]
    assert found.notes == ["loss: lower is better (as asked)"]


def test_without_a_direction_nothing_is_better() -> None:
    found = compare_runs(THREE, {}, "id-1")

    assert "change.loss" not in found.rows[0]
    assert found.notes == ["loss: minimize or maximize says which values are better"]


def test_odd_values() -> None:
    inf = float("inf")
    rows = [row(1, {}, {"x": 0.0}), row(2, {}, {"x": inf}), row(3, {}, {"x": -1.5})]

    of_zero = compare_runs(rows, {}, "id-1").rows
    of_infinity = compare_runs(rows, {"x": Direction("maximize", "")}, "id-2").rows

    assert [r["percent.x"] for r in of_zero] == [None] * 3
    assert of_infinity[0]["change.x"] is None
    assert [r["change.x"] for r in of_infinity[1:]] == ["worse"] * 2
    assert comparison_table(compare_runs(rows, {}, "id-1")).cells[1][-1] == "+inf"


def test_no_run_and_one() -> None:
    assert compare_runs([], {}).rows == []
    assert compare_groups([], Grouping((), ()), {}).rows == []
    one = compare_runs(THREE[:1], {})
    assert list(one.rows[0]) == ["run", "id"]
    assert one.shared["metric.loss"] == 0.5


def runs(values: dict[float, list[float]]) -> list[dict[str, Any]]:
    pairs = [(lr, seed, x) for lr, found in values.items() for seed, x in enumerate(found)]
    return [
        row(number, {"lr": lr, "seed": seed}, {"loss": x})
        for number, (lr, seed, x) in enumerate(pairs)
    ]


def test_groups_are_compared_with_the_best() -> None:
    found = compare_groups(
        runs({0.1: [0.5, 0.6, 0.7], 0.2: [0.1, 0.2, 0.31], 0.3: [0.12, 0.19, 0.30]}),
        BY_LR,
        MINIMIZE,
    )

    assert [r["config.lr"] for r in found.rows] == [0.1, 0.2, 0.3]
    assert [r["runs"] for r in found.rows] == [3, 3, 3]
    assert [r["change.loss"] for r in found.rows] == ["worse", None, "cannot be told apart"]
    assert found.notes[0] == "loss: test of pairs of runs with the same seed"


def test_groups_that_cannot_be_told_apart() -> None:
    found = compare_groups(
        runs({0.1: [0.5, 0.6, 0.7], 0.2: [0.4, 0.7, 0.65]}),
        BY_LR,
        MINIMIZE,
        baseline=lambda group: group.key_values["config.lr"] == 0.2,
    )

    first, other = found.rows
    assert (first["config.lr"], first["change.loss"]) == (0.2, None)
    assert other["change.loss"] == "cannot be told apart"
    assert other["needed.loss"] > 3
    assert other["p.loss"] == pytest.approx(
        stats.ttest_rel([0.5, 0.6, 0.7], [0.4, 0.7, 0.65]).pvalue, abs=1e-9
    )
    text = comparison_table(found).cells[1][-1]
    assert (
        text
        == f"+0.0167 (+2.9 %) cannot be told apart: {other['needed.loss']} runs each would tell"
    )


def test_without_a_direction_groups_differ() -> None:
    found = compare_groups(
        runs({0.1: [0.5, 0.6, 0.7], 0.2: [1.5, 1.6, 1.71]}),
        BY_LR,
        {},
        baseline=lambda group: group.key_values["config.lr"] == 0.1,
    )

    assert [r["change.loss"] for r in found.rows] == [None, "differs"]


def test_runs_without_a_value_are_counted() -> None:
    rows = runs({0.1: [0.5, float("inf"), 0.7], 0.2: [1.5, 1.6, 1.71]})
    rows[-1]["metrics"] = {}

    found = compare_groups(rows, BY_LR, {})

    assert [(r["runs"], r["n.loss"]) for r in found.rows] == [(3, 2), (3, 2)]
    assert "loss: 2 runs without a finite value" in found.notes
    assert comparison_table(found).cells[0][-1].endswith("(n 2)")


def test_a_metric_that_is_the_same_everywhere_has_no_column_in_groups() -> None:
    rows = runs({0.1: [1.0, 1.0], 0.2: [1.0, 1.0]})

    assert "mean.loss" not in compare_groups(rows, BY_LR, {}).rows[0]
    assert compare_groups(rows, BY_LR, {}, every=True).rows[0]["mean.loss"] == 1.0


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.2, 0.3]), st.floats(-100, 100)), min_size=2, max_size=80
    )
)
def test_groups_are_those_of_pandas_and_scipy(values: list[tuple[float, float]]) -> None:
    rows = [
        row(number, {"lr": lr, "seed": number}, {"loss": loss})
        for number, (lr, loss) in enumerate(values)
    ]

    found = compare_groups(rows, BY_LR, {}, every=True)

    expected = pd.DataFrame(values, columns=["lr", "loss"]).groupby("lr")["loss"]
    assert [r["config.lr"] for r in found.rows] == list(expected.groups)
    for of_group in found.rows:
        sample = expected.get_group(of_group["config.lr"])
        assert of_group["runs"] == len(sample)
        assert of_group["mean.loss"] == pytest.approx(sample.mean(), rel=1e-9, abs=1e-9)
        if len(sample) > 1:
            assert of_group["std.loss"] == pytest.approx(sample.std(), rel=1e-9, abs=1e-9)
            reach = stats.t.ppf(0.975, len(sample) - 1) * sample.std() / np.sqrt(len(sample))
            assert of_group["high.loss"] - of_group["mean.loss"] == pytest.approx(reach, abs=1e-9)
        else:
            assert of_group["std.loss"] is None


def test_texts() -> None:
    table = comparison_table(
        Comparison(
            [
                {"run": "a", "config.x": 1, "metric.x": 0.5, "delta.x": 0.0, "percent.x": 0.0},
                {"run": "b", "config.x": 20, "metric.x": None, "delta.x": None, "percent.x": None},
            ],
            ["run", "config.x"],
            ["x"],
            {},
            baseline=0,
        )
    )

    assert table.headings == ["run", "config.x", "metric.x", "Δ metric.x"]
    assert table.cells == [["a", "1", "0.5", "baseline"], ["b", "20", "–", "–"]]
    assert table.numbers == {1, 2}
