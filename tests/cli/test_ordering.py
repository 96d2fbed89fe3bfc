"""A store is kept in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gage
from tests.cli.commands import Started, rows


def test_a_changed_file_is_found_and_gives_an_exit_code(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    whole = cli("verify")
    assert (whole.returncode, rows(cli("verify", "--json"))) == (0, [])
    assert b"all 1 file as recorded" in whole.stdout

    Path(gage.find().run_dir, "new").write_text("x")

    changed = cli("verify", "--json")
    assert changed.returncode == 1
    assert [(row["difference"], row["path"]) for row in rows(changed)] == [("added", "new")]
