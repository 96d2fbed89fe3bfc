"""The columns that one process keeps for the next."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pandas as pd
import platformdirs
import pytest

from gage_nb import frames, run_frames
from tests.many_runs import Values, make_runs

COUNT = 1100


@pytest.fixture
def runs_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enough runs for a file of columns."""
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path / "runs"))
    make_runs(tmp_path / "runs", COUNT, lambda number: Values({"lr": number / 2}))
    return tmp_path / "runs"


def kept_file() -> Path:
    (path,) = Path(platformdirs.user_cache_dir("gage", appauthor=False), "index").glob("*.columns")
    return path


def test_the_next_process_has_the_same_frame_and_sees_what_is_new(runs_home: Path) -> None:
    frame = frames.runs()
    assert len(frame) == COUNT
    run_frames.forget()

    pd.testing.assert_frame_equal(frames.runs(), frame)

    make_runs(runs_home, 1, lambda _: Values({"lr": 0.25}))
    run_frames.forget()
    assert len(frames.runs()) == COUNT + 1
    assert frames.runs()["config.lr"][1] == 0.25


@pytest.mark.parametrize("value", [2**70, 2**53 + 1], ids=["integer", "no-float"])
def test_a_number_that_a_column_cannot_keep_exactly_changes_it(runs_home: Path, value: int) -> None:
    assert frames.runs()["config.lr"].dtype == "Float64"

    make_runs(runs_home, 1, lambda _: Values({"lr": value, "seed": 1}))
    make_runs(runs_home, 1, lambda _: Values({"seed": 2**70}))

    found = frames.runs()
    assert found["config.lr"][2] == value
    assert list(found["config.seed"][:2]) == [2**70, 1]


def test_a_file_that_is_damaged_or_of_another_version_is_made_again(runs_home: Path) -> None:
    frame = frames.runs()
    whole = kept_file().read_bytes()

    for data in (b"", b"garbage", pickle.dumps(("another", "version")), whole[: len(whole) // 2]):
        run_frames.forget()
        kept_file().write_bytes(data)
        pd.testing.assert_frame_equal(frames.runs(), frame)


def test_the_columns_of_another_database_are_not_used(
    runs_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames.runs()
    kept = kept_file()
    monkeypatch.setenv("GAGE_RUNS", str(tmp_path / "others"))
    make_runs(tmp_path / "others", 1, lambda _: Values({"lr": 0.25}))
    frames.runs()
    (other,) = (path for path in kept.parent.glob("*.sqlite") if path != kept.with_suffix(""))

    shutil.copy(kept, f"{other}.columns")
    run_frames.forget()

    assert list(frames.runs()["config.lr"]) == [0.25]
