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


def test_the_room_on_the_disk_is_shown(cli: Callable[..., Started]) -> None:
    for _ in range(2):
        cli("run", "hi.py")
    names = {run.name for run in gage.runs()}

    shown = cli("du").stdout.decode().splitlines()
    found = rows(cli("du", "--json"))

    assert shown[0].split() == ["kind", "name", "operation", "files", "on", "disk", "frees"]
    assert {line.split()[1] for line in shown[1:3]} == names
    assert shown[-1].startswith("total")
    assert {row["name"] for row in found[:-1]} == names
    assert found[-1]["disk_bytes"] == sum(row["disk_bytes"] for row in found[:-1])


def test_names_are_printed_for_other_programs(cli: Callable[..., Started], project: Path) -> None:
    (project / "bad.py").write_text("raise SystemExit(3)\n")
    cli("run", "hi.py")
    cli("run", "bad.py")
    bad, good = (run.name for run in gage.runs())

    assert cli("select").stdout.decode().split() == [bad, good]
    assert cli("select", "--limit", "1").stdout.decode().split() == [bad]
    assert cli("select", "status=completed").stdout.decode().split() == [good]
    assert cli("select", "status=pending").stdout == b""
