"""Questions to runs on disk: the answers are those of looking at each run."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.index.language import FilterError
from gage._internal.index.runs import RunIndex
from gage._internal.record.run_meta import read_timestamp
from gage._internal.store.store import list_runs
from tests.index.recorded import names, run_with

ROOT = Path(__file__).parents[2]


def test_rows_say_what_the_runs_say(tmp_path: Path) -> None:
    run = run_with(
        tmp_path, {"lr": 0.1, "net": {"a": 1}}, {"loss": 0.5}, 3, label="base", tags=["x", "y"]
    )

    (found,) = RunIndex(str(tmp_path)).select()

    (listed,) = list_runs(str(tmp_path))
    assert (found.id, found.name, found.op_name) == (run.id, run.name, "train")
    assert (found.status, found.reason, found.exit_code) == listed.full_status
    assert found.duration_us == listed.duration_us
    assert found.config == {"lr": 0.1, "net": {"a": 1}}
    assert found.metrics == {"loss": [0.5, 0.5, 0.5, None, 1]}
    assert (found.label, found.tags) == ("base", ["x", "y"])


def test_runs_come_newest_first_and_a_limit_takes_the_newest(tmp_path: Path) -> None:
    runs = [run_with(tmp_path) for _ in range(4)]
    index = RunIndex(str(tmp_path))

    assert [run.id for run in index.select()] == [run.id for run in reversed(runs)]
    assert [run.id for run in index.select(limit=2)] == [runs[3].id, runs[2].id]
    assert index.count() == 4


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("lr > 0.1", ["b"]),
        ("lr >= 0.1", ["a", "b"]),
        ("lr != 0.1", ["b"]),
        ("not (lr > 0.1)", ["a", "c"]),
        ("lr is missing", ["c"]),
        ("lr is not missing", ["a", "b"]),
        ("model = small", ["a"]),
        ("model =~ '^b'", ["b"]),
        ("model contains ma", ["a"]),
        ("model in (small, big)", ["a", "b"]),
        ("model not in (small)", ["b"]),
        ("flag = true", ["a"]),
        ("flag != true", ["b"]),
        ("flag = 1", []),
        ("loss < 0.3", ["b"]),
        ("metric.loss < 0.3 or config.lr = 0.1", ["a", "b"]),
        ("layers contains 8", ["a"]),
        ("net.depth = 3", ["b"]),
        ("`odd key` = 1", ["c"]),
        ("label = a", ["a"]),
        ("label is missing", ["b", "c"]),
        ("tag = x", ["a"]),
        ("tags contains y", ["a", "b"]),
        ("tag != x", ["b", "c"]),
        ("status = error", ["c"]),
        ("exit_code > 0", ["c"]),
        ("operation = other", ["c"]),
        ("started > today and since 1h", ["a", "b", "c"]),
        ("started < yesterday", []),
        ("duration < 1h", ["a", "b", "c"]),
        ("count(loss) = 1 lr < 5", ["a", "b"]),
    ],
    ids=str,
)
def test_a_filter_finds_the_runs(tmp_path: Path, where: str, expected: list[str]) -> None:
    runs = {
        "a": run_with(
            tmp_path,
            {"lr": 0.1, "model": "small", "flag": True, "layers": [4, 8]},
            {"loss": 0.5},
            label="a",
            tags=["x", "y"],
        ),
        "b": run_with(
            tmp_path,
            {"lr": 1, "model": "big", "flag": False, "net.depth": 3},
            {"loss": 0.25},
            tags=["y"],
        ),
        "c": run_with(tmp_path, {"odd key": 1}, exit_code=1, op="other"),
    }
    called = {run.name: letter for letter, run in runs.items()}

    assert sorted(called[name] for name in names(tmp_path, where)) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("rat > 1", "no run has a value 'rat'. Did you mean 'rate'"),
        ("max(rate) > 1", "no run has a metric 'rate'"),
        ("started > soon", "expected a time"),
        ("duration = soon", "expected a duration"),
        ("rate =~ '('", "not a regular expression"),
    ],
    ids=str,
)
def test_a_wrong_filter_says_what_is_wrong(tmp_path: Path, where: str, message: str) -> None:
    run_with(tmp_path, {"rate": 1})

    with pytest.raises(FilterError, match="^" + message.replace("'", ".").replace("(", ".")):
        names(tmp_path, where)


_KEYS = ("p", "q", "r s")
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5, 1e300, math.inf, -math.inf]),
    st.sampled_from(["", "x", "1", "it's", 'say "x"', "ü"]),
)
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _is_true(config: dict[str, Any], key: str, sign: str, value: Any) -> bool:
    """Say what the documentation of the language says, in Python."""
    found = config.get(key)
    if found is None or _kind(found) != _kind(value):
        return False
    if isinstance(value, bool) and sign not in {"=", "!="}:
        return False
    return _SIGNS[sign](found, value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quote = "'" if '"' in value else '"'
        return f"{quote}{value}{quote}"
    return repr(value)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    """Runs with every kind of value under every key, and their configurations by name."""
    home = tmp_path_factory.mktemp("many")
    values = [None, True, False, -3, 0, 2, 0.5, -1.5, 1e300, "", "x", "1", "it's", 'say "x"', "ü"]
    values += [math.inf, -math.inf]
    configs = {}
    for i in range(len(values)):
        config = {key: values[(i * (n + 1) + n) % len(values)] for n, key in enumerate(_KEYS)}
        if i % 4 == 0:
            del config["q"]
        configs[run_with(home, config).name] = config
    return home, configs


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from(_KEYS),
            st.sampled_from(list(_SIGNS)),
            _VALUES.filter(lambda value: value is not None),
        ),
        min_size=1,
        max_size=3,
    ),
    st.booleans(),
)
def test_filters_agree_with_python(
    many: tuple[Path, dict[str, dict[str, Any]]],
    parts: list[tuple[bool, str, str, Any]],
    every: bool,
) -> None:
    home, configs = many
    texts = [
        ("not " if negated else "") + f"`{key}` {sign} {_written(value)}"
        for negated, key, sign, value in parts
    ]
    join = all if every else any

    found = names(home, (" and " if every else " or ").join(texts))

    assert sorted(found) == sorted(
        name
        for name, config in configs.items()
        if join(
            _is_true(config, key, sign, value) != negated for negated, key, sign, value in parts
        )
    )


def test_times_are_compared_in_local_time(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    started = dt.datetime.fromtimestamp((read_timestamp(run, "started") or 0) / 1e6).astimezone()

    assert names(tmp_path, f"started = {started:%Y-%m-%d}") == [run.name]
    assert names(tmp_path, f"started > {started:%Y-%m-%d}") == []
    tomorrow = started + dt.timedelta(days=1)
    assert names(tmp_path, f"started < {tomorrow:%Y-%m-%d}") == [run.name]
