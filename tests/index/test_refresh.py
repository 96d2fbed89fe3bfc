"""The index follows the runs."""

from __future__ import annotations

import math
import os
import shutil
import time
from pathlib import Path

import pytest

from gage._internal.index.runs import RunIndex
from gage._internal.record.run_meta import write_attr, write_timestamp
from gage._internal.running.facts import FACTS
from gage._internal.running.finalize import finalize_run
from gage._internal.store.store import list_runs
from tests.index.recorded import run_with
from tests.making import ended, initialized, meta, staged


def damage(path: Path) -> None:
    """Write something else into a file, in place."""
    path.chmod(0o600)
    path.write_text("abc")


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

    def test_damage_is_seen_by_the_first_page_of_a_listing(self, tmp_path: Path) -> None:
        run = run_with(tmp_path)
        damage(meta(run, "config.json"))

        assert [row.status for row in RunIndex(str(tmp_path)).select(limit=5)] == ["damaged"]

    def test_permissions_that_were_changed_afterwards_hide_no_damage(self, tmp_path: Path) -> None:
        run = run_with(tmp_path)
        os.utime(meta(run, FACTS), ns=(time.time_ns() - 10**9,) * 2)
        damage(meta(run, "config.json"))
        meta(run, FACTS).chmod(0o640)

        assert [row.status for row in RunIndex(str(tmp_path)).select()] == ["damaged"]

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
