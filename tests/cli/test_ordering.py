"""A store is kept in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gage
from gage._internal.process.ending import wait_for_exit
from gage._internal.record.layout import run_meta_path
from tests.cli.commands import Started, rows
from tests.running.runs import processes


def test_a_changed_file_is_found_and_gives_an_exit_code(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    whole = cli("verify")
    assert (whole.returncode, rows(cli("verify", "--json"))) == (0, [])
    assert b"all 1 file as recorded" in whole.stdout

    Path(gage.find().run_dir, "new").write_text("x")

    changed = cli("verify", "--json")
    assert changed.returncode == 1
    assert [(row["difference"], row["path"]) for row in rows(changed)] == [("added", "new")]


def test_the_doctor_says_what_is_wrong_and_repairs_it(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    run = gage.find()
    for identity in processes(run):
        assert wait_for_exit(identity, 60)
    whole = cli("doctor")
    assert (whole.returncode, whole.stdout) == (0, b"Nothing is wrong with 1 run\n")

    Path(run_meta_path(run, "output", "40_run.index")).unlink()
    found = cli("doctor")
    assert found.returncode == 1
    assert b"output/40_run.index: missing, for 1 line" in found.stdout
    assert b"1 problem left. To repair what can be repaired: gage doctor --repair" in found.stderr
    (row,) = rows(cli("doctor", "--json"))
    assert (row["run"], row["done"], row["mended"]) == (run.name, "", False)

    repaired = cli("doctor", "--repair")
    assert (repaired.returncode, repaired.stderr) == (0, b"")
    assert b"made again" in repaired.stdout
    assert cli("doctor").returncode == 0
