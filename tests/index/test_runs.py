"""Questions to runs on disk: the answers are those of looking at each run."""

from __future__ import annotations

import datetime as dt
import json
import math
import operator
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gage._internal.index.language import FilterError
from gage._internal.index.runs import RunIndex
from gage._internal.record.run_meta import read_timestamp, write_attr, write_timestamp
from gage._internal.running.facts import FACTS
from gage._internal.running.finalize import finalize_run
from gage._internal.staging.staging import finalize_staged_run, init_run_meta, make_run
from gage._internal.store.store import list_runs
from gage._internal.types import OpCmd, OpDef, OpRef, Run
from tests.making import ended, initialized, meta, staged

ROOT = Path(__file__).parents[2]


def run_with(
    home: Path,
    config: dict[str, Any] | None = None,
    metrics: dict[str, Any] | None = None,
    exit_code: int = 0,
    op: str = "train",
    **attrs: Any,
) -> Run:
    """Return a finished run without a process."""
    run = make_run(str(home))
    init_run_meta(run, OpRef("test", op), OpDef(op, {}), config or {}, OpCmd("true", {}))
    for name, value in attrs.items():
        write_attr(run, "user", name, value)
    finalize_staged_run(run)
    write_timestamp(run, "started", time.time_ns() // 1000)
    if metrics:
        Path(run.run_dir, "summary.json").write_text(json.dumps({"metrics": metrics}))
    finalize_run(run, exit_code)
    return run


def names(home: Path, where: str = "") -> list[str]:
    return [run.name for run in RunIndex(str(home)).select(where)]


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


class TestRefresh:
    def test_a_new_run_a_removed_one_and_a_new_label_are_seen(self, tmp_path: Path) -> None:
        index = RunIndex(str(tmp_path))
        first = run_with(tmp_path)
        assert [run.id for run in index.select()] == [first.id]

        second = run_with(tmp_path)
        write_attr(first, "user", "label", "later")
        assert [run.label for run in index.select()] == [None, "later"]

        shutil.rmtree(first.run_dir)
        shutil.rmtree(first.meta_dir)
        assert [run.id for run in index.select()] == [second.id]

    def test_a_run_that_goes_on_is_read_each_time(self, tmp_path: Path) -> None:
        run = staged(tmp_path)
        index = RunIndex(str(tmp_path))
        assert [row.status for row in index.select()] == ["staged"]

        write_timestamp(run, "started", time.time_ns() // 1000)
        finalize_run(run, 0)

        assert [row.status for row in index.select()] == ["completed"]

    def test_a_run_of_a_process_is_as_its_side_car_says(self, tmp_path: Path) -> None:
        run = ended(tmp_path, ["python", "-c", "print('loss: 0.5')"])

        (found,) = RunIndex(str(tmp_path)).select("loss = 0.5")

        assert found.id == run.id
        assert found.metrics["loss"][0] == 0.5

    @pytest.mark.parametrize("name", ["started", "config.json", "opref"])
    def test_facts_do_not_hide_damage(self, tmp_path: Path, name: str) -> None:
        run = run_with(tmp_path)
        assert meta(run, FACTS).exists()
        path = meta(run, name)
        path.chmod(0o644)
        path.write_text("garbage")

        (found,) = RunIndex(str(tmp_path)).select()

        assert found.status == list_runs(str(tmp_path))[0].status
        assert found.name == run.name

    def test_runs_without_facts_are_read(self, tmp_path: Path) -> None:
        run = run_with(tmp_path, {"lr": 2}, {"loss": math.nan})
        meta(run, FACTS).unlink()

        (found,) = RunIndex(str(tmp_path)).select("lr = 2")

        assert found.metrics["loss"][0] is None

    def test_names_that_are_not_utf_8_are_escaped(self, tmp_path: Path) -> None:
        run_with(tmp_path, {"key\udce9": "value\udce9"}, label="caf\udce9")

        (found,) = RunIndex(str(tmp_path)).select()

        assert found.label == r"caf\xe9"
        assert found.config == {r"key\xe9": r"value\xe9"}

    def test_damaged_and_pending_runs_are_listed(self, tmp_path: Path) -> None:
        pending = initialized(tmp_path)
        broken = run_with(tmp_path)
        meta(broken, "__schema__").chmod(0o644)
        meta(broken, "__schema__").write_text("99")

        found = {run.id: run.status for run in RunIndex(str(tmp_path)).select()}

        assert found == {pending.id: "pending", broken.id: "damaged"}


class TestDatabase:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """The file of the index of `tmp_path`."""
        run_with(tmp_path)
        RunIndex(str(tmp_path)).select()
        directory = Path(platformdirs.user_cache_dir("gage", appauthor=False), "index")
        (path,) = directory.glob("*.sqlite")
        return path

    def test_it_is_made_again_when_deleted(self, tmp_path: Path, path: Path) -> None:
        path.unlink()

        assert len(names(tmp_path)) == 1

    @pytest.mark.parametrize("size", [0, 10, 5000])
    def test_it_is_made_again_when_damaged(self, tmp_path: Path, path: Path, size: int) -> None:
        data = path.read_bytes()
        path.write_bytes(b"\xff" * size + data[size:4096])

        assert len(names(tmp_path)) == 1
        assert len(names(tmp_path, "status = completed")) == 1

    def test_another_table_is_replaced(self, tmp_path: Path, path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.executescript("DROP TABLE runs; CREATE TABLE runs (other)")
        connection.close()

        assert len(names(tmp_path)) == 1

    def test_a_cache_that_cannot_be_written_is_done_without(
        self, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        blocked = tmp_path / "blocked"
        blocked.write_text("not a directory")
        monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
        monkeypatch.setenv("HOME", str(blocked))

        assert len(names(tmp_path)) == 1

    def test_a_copied_home_has_an_index_of_its_own(self, tmp_path: Path) -> None:
        home, copy = tmp_path / "a", tmp_path / "b"
        run_with(home)
        names(home)
        shutil.copytree(home, copy)
        run_with(copy)

        assert (len(names(home)), len(names(copy))) == (1, 2)


def test_many_processes_ask_and_write_at_once(tmp_path: Path) -> None:
    """Each asks while runs come: none fails, and at the end the index says what the store says."""
    program = (
        "import sys\n"
        "from gage._internal.index.runs import RunIndex\n"
        "index = RunIndex(sys.argv[1])\n"
        "for _ in range(25):\n"
        "    index.select('status = completed')\n"
    )
    askers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for _ in range(15):
        run_with(tmp_path)

    assert [asker.communicate()[1] for asker in askers] == [b""] * 3
    assert sorted(names(tmp_path)) == sorted(run.name for run in list_runs(str(tmp_path)))


def test_times_are_compared_in_local_time(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    started = dt.datetime.fromtimestamp((read_timestamp(run, "started") or 0) / 1e6).astimezone()

    assert names(tmp_path, f"started = {started:%Y-%m-%d}") == [run.name]
    assert names(tmp_path, f"started > {started:%Y-%m-%d}") == []
    tomorrow = started + dt.timedelta(days=1)
    assert names(tmp_path, f"started < {tomorrow:%Y-%m-%d}") == [run.name]
