"""Plans: what a line or a file of rows asks for, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.batch.plan import Plan, Request, make_plan, parse_objective
from gage._internal.batch.record import MAX_RUNS
from gage._internal.batch.rows import read_rows
from gage._internal.config import Config, Text, read_config
from gage._internal.errors import ConfigError
from gage._internal.operations.run_line import asks_for_several, parse

SOURCE = """
lr = 0.1
epochs = 5
name = "adam"
layers = [1, 2]
nothing = None
flag = True
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    directory = tmp_path_factory.mktemp("project")
    (directory / "train.py").write_text(SOURCE)
    return read_config(str(directory), [{"keys": ["train.py#*"]}])


@pytest.fixture
def plan(config: Config) -> Callable[..., Plan]:
    """Plan values as typed."""

    def make(given: dict[str, Any], **request: Any) -> Plan:
        typed = {key: Text(v) if isinstance(v, str) else v for key, v in given.items()}
        return make_plan(config, Request(typed, **request))

    return make


def asked(plan: Plan) -> list[dict[str, Any]]:
    return [trial.asked for trial in plan.trials]


# Grids


def test_a_grid_has_a_run_for_each_combination_the_last_key_fastest(
    plan: Callable[..., Plan],
) -> None:
    found = plan({"lr": "[0.1, 0.01]", "epochs": "[5,10,15]", "flag": "no"})

    assert found.text == "6 runs: lr=[0.1, 0.01] x epochs=[5, 10, 15]"
    assert found.columns == ("lr", "epochs")
    assert asked(found)[:4] == [
        {"lr": 0.1, "epochs": 5},
        {"lr": 0.1, "epochs": 10},
        {"lr": 0.1, "epochs": 15},
        {"lr": 0.01, "epochs": 5},
    ]
    assert found.trials[0].values == {
        "lr": 0.1,
        "epochs": 5,
        "name": "adam",
        "layers": [1, 2],
        "nothing": None,
        "flag": False,
    }


@pytest.mark.parametrize(
    ("key", "text", "values"),
    [
        ("name", "[adam,sgd]", ["adam", "sgd"]),
        ("name", "['a, b', \"c\"]", ["a, b", "c"]),
        ("name", "[1,2]", ["1", "2"]),
        ("name", "[don't, do]", ["don't", "do"]),
        ("lr", "[1,2]", [1.0, 2.0]),
        ("flag", "[yes,no]", [True, False]),
        ("nothing", "[1,a]", [1, "a"]),
        ("nothing", "[[1,2]]", [[1, 2]]),
        ("layers", "[[1,2],[3]]", [[1, 2], [3]]),
        ("epochs", "range(1,4)", [1, 2, 3]),
        ("epochs", "range(2)", [0, 1]),
        ("name", '["uniform(0,1)"]', ["uniform(0,1)"]),
        ("name", "choice.txt", None),
        ("name", "[a-z]", None),
        ("layers", "[1,2,3]", None),
        ("name", "[a,(b]", None),
    ],
)
def test_values_are_grids_where_the_default_is_none(
    plan: Callable[..., Plan], key: str, text: str, values: list[Any] | None
) -> None:
    found = plan({key: text})

    if values is None:
        assert found.columns == ()
        assert found.count == 1
    else:
        assert [row[key] for row in asked(found)] == values
        types = [type(row[key]) for row in asked(found)]
        assert types == [type(value) for value in values]


def test_values_of_python_are_grids_too(plan: Callable[..., Plan]) -> None:
    found = plan({"lr": [1, 0.5], "epochs": range(3), "layers": [5]})

    assert found.count == 6
    assert found.trials[0].values["layers"] == [5]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lr": "[1,,2]"}, "lr: .*nothing between two commas"),
        ({"lr": "[]"}, "lr: expected at least one value, found an empty grid"),
        ({"epochs": "range(3,3)"}, r"epochs: .*the empty range\(3, 3\)"),
        ({"epochs": "range(a)"}, "epochs: expected range.* with integers"),
        ({"epochs": "range(1,5,0)"}, "epochs: expected a step that is not 0"),
        ({"epoch": "[1,2]"}, r"found 'epoch'\. Did you mean 'epochs'\?"),
        ({"lr": "uniform(2,1)"}, "lr: expected uniform.* with low <= high"),
        ({"lr": "loguniform(0,1)"}, "lr: expected loguniform.* with 0 < low"),
        ({"lr": "uniform(a,b)"}, "lr: expected uniform.* with numbers"),
        ({"lr": "choice()"}, "lr: expected choice"),
        ({"epochs": "uniform(1,2)"}, r"epochs: expected integers .*randint\(low, high\)"),
        ({"epochs": "randint(1,2.5)"}, "epochs: expected randint.* with integers"),
        ({"lr": "unifrm(1,2)"}, "lr: expected one of .* Did you mean 'uniform'"),
        ({"lr": "uniform(0,1)"}, r"to draw for lr=uniform\(0,1\): add --trials N"),
        ({"epochs": f"range({MAX_RUNS + 1})"}, "expected at most 100,000 runs"),
        ({"lr": "range(1000)", "epochs": "range(1000)"}, "found 1,000,000: split the batch"),
    ],
)
def test_faults_are_named(plan: Callable[..., Plan], given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(given)


def test_all_faults_are_collected(plan: Callable[..., Plan]) -> None:
    with pytest.raises(ConfigError) as caught:
        plan({"lr": "[]", "epochs": "range(0)"}, trials=0)

    assert len(str(caught.value).splitlines()) == 4


def test_a_wrong_type_is_a_note_or_with_strict_an_error(config: Config) -> None:
    request = Request({"lr": Text("[1, a, b]")})

    assert len(make_plan(config, request).notes) == 2
    with pytest.raises(ConfigError, match="expected float"):
        make_plan(config, request, strict=True)


# Draws


def test_draws_are_the_same_for_the_same_seed(plan: Callable[..., Plan]) -> None:
    given = {"lr": "loguniform(1e-4,1e-1)", "epochs": "randint(1,3)", "name": "choice(a,b)"}

    first, again = plan(given, trials=4, seed=1), plan(given, trials=4, seed=1)
    other = plan(given, trials=4, seed=2)

    assert asked(first) == asked(again) != asked(other)
    # For ever: what a seed has drawn is written in papers.
    assert asked(first)[0] == {
        "lr": pytest.approx(0.0002529838120180263),
        "epochs": 3,
        "name": "b",
    }
    assert first.text.endswith("(seed 1)")


def test_a_seed_that_is_not_given_is_recorded(plan: Callable[..., Plan]) -> None:
    found = plan({"lr": "uniform(0,1)"}, trials=2)

    assert asked(plan({"lr": "uniform(0,1)"}, trials=2, seed=found.seed)) == asked(found)


def test_each_point_and_each_row_has_its_draws(plan: Callable[..., Plan]) -> None:
    found = plan(
        {"name": "[a,b]", "lr": "uniform(0,1)"},
        rows=[{"epochs": 1}, {"epochs": 2}],
        trials=3,
        seed=0,
    )

    assert found.count == 12
    assert found.text == "12 runs: 2 rows x name=[a, b] x 3 draws of lr=uniform(0,1) (seed 0)"
    assert [row["name"] for row in asked(found)[:6]] == ["a"] * 3 + ["b"] * 3
    assert len({row["lr"] for row in asked(found)}) == 12


@given(
    low=st.floats(1e-12, 1e6),
    factor=st.floats(1, 1e6),
    seed=st.integers(0, 2**32),
    log=st.booleans(),
)
def test_draws_stay_in_their_bounds(
    config: Config, low: float, factor: float, seed: int, log: bool
) -> None:
    high = low * factor
    name = "loguniform" if log else "uniform"
    request = Request({"lr": Text(f"{name}({low!r},{high!r})")}, trials=3, seed=seed)

    for row in asked(make_plan(config, request)):
        assert low <= row["lr"] <= high


# Rows


def test_rows_of_a_csv_file(tmp_path: Path, plan: Callable[..., Plan]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('lr,name,epochs\n0.5,"a, b",\n1,c,7\n', encoding="utf-8-sig")

    found = plan({"flag": "no"}, rows=read_rows(str(path)))

    assert found.text == "2 runs: 2 rows"
    assert asked(found) == [
        {"lr": 0.5, "name": "a, b", "epochs": 5},
        {"lr": 1.0, "name": "c", "epochs": 7},
    ]
    assert all(trial.values["flag"] is False for trial in found.trials)


def test_rows_of_a_json_file(tmp_path: Path, plan: Callable[..., Plan]) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"lr": 1, "layers": [3]}, {"name": "x", "lr": null}]')

    found = plan({}, rows=read_rows(str(path)))

    assert asked(found) == [
        {"lr": 1.0, "layers": [3], "name": "adam"},
        {"lr": 0.1, "layers": [1, 2], "name": "x"},
    ]


def test_faults_of_rows_name_the_rows(plan: Callable[..., Plan]) -> None:
    rows = [{"lr": 1}, {"epoch": 2}, {"name": "x"}, {"epoch": 3}]

    with pytest.raises(ConfigError, match=r"Did you mean 'epochs'\?.*\(row 2, 4\)"):
        plan({}, rows=rows)
    with pytest.raises(ConfigError, match="expected at least one row"):
        plan({}, rows=[])


def test_a_value_beside_the_rows_overrides_their_column(plan: Callable[..., Plan]) -> None:
    found = plan({"name": "y"}, rows=[{"lr": 1, "name": "x"}, {"lr": 2}])

    assert [trial.values["name"] for trial in found.trials] == ["y", "y"]
    assert found.columns == ("lr",)
    assert found.notes == ("name: its column is overridden by the value beside it",)


def test_missing_cells_take_the_default(plan: Callable[..., Plan]) -> None:
    found = plan({}, rows=[{"lr": math.nan, "epochs": 1}, {"lr": 2.0, "epochs": 2}])

    assert [row["lr"] for row in asked(found)] == [0.1, 2.0]


# Searches


def test_a_search_has_a_space_of_typed_bounds(plan: Callable[..., Plan]) -> None:
    found = plan(
        {"lr": "loguniform(1e-3,1)", "name": "[a,b]", "epochs": "7"},
        trials=10,
        objective=parse_objective("maximize:acc"),
        seed=4,
    )

    assert found.count == 10
    assert found.trials == ()
    assert found.space["lr"].args == (0.001, 1.0)
    assert found.space["name"].name == "choice"
    assert found.text == ("10 runs to maximize:acc: lr=loguniform(1e-3,1), name=[a, b] (seed 4)")


@pytest.mark.parametrize(
    ("given", "request_of", "message"),
    [
        ({"lr": "uniform(0,1)"}, {}, "the number of runs of the search: add --trials N"),
        ({"lr": "1"}, {"trials": 2}, "expected distributions to search in, found none"),
        ({"lr": "uniform(0,1)"}, {"trials": 2, "rows": [{"epochs": 1}]}, "found rows"),
        ({"lrr": "uniform(0,1)"}, {"trials": 2}, "Did you mean 'lr'"),
    ],
)
def test_faults_of_searches_are_named(
    plan: Callable[..., Plan], given: dict[str, str], request_of: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(given, objective=parse_objective("minimize:loss"), **request_of)


@pytest.mark.parametrize("text", ["loss", "minimise:loss", "minimize:", "minimize"])
def test_an_objective_has_a_direction_and_a_metric(text: str) -> None:
    with pytest.raises(ConfigError, match="expected minimize:METRIC or maximize:METRIC"):
        parse_objective(text)


# Lines


@pytest.mark.parametrize(
    ("line", "several"),
    [
        ("train.py lr=0.1", False),
        ("train.py lr=[1,2]", True),
        ("train.py lr=uniform(0,1)", True),
        ("train.py name=uniform", True),  # the plan says that it is not
        ("train.py --batch rows.csv", True),
        ("train.py --jobs 2", False),
    ],
)
def test_a_line_that_may_ask_for_several_is_looked_at(line: str, several: bool) -> None:
    assert asks_for_several(parse(line.split(), "shell")) is several
