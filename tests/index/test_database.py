"""The database is made again whatever happens to it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from gage._internal.index.runs import RunIndex
from gage._internal.store.store import list_runs
from tests.index.recorded import names, run_with

ROOT = Path(__file__).parents[2]


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
