"""What was read of Gage files is kept, and is never trusted more than the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.operations.gagefile import load_gagefile
from gage._internal.operations.gagefile_cache import cache_dir, cache_path, keep
from tests.operations.gagefiles import write

TEXT = "[a]\nexec = ['x', 'y']\ndefault = true\n[b]\nexc = 3\n"


def entries(home: Path) -> list[Path]:
    return sorted((home / ".cache" / "gage" / "gagefiles").iterdir())


def test_second_reading_is_the_same(tmp_path: Path, home: Path) -> None:
    path = write(tmp_path, "gage.toml", TEXT)

    first, second = load_gagefile(path), load_gagefile(path)

    assert (first.data, first.faulty) == (second.data, second.faulty)
    assert second.operations["a"].src == path
    assert len(entries(home)) == 1


def test_changed_file_is_read_again(tmp_path: Path, home: Path) -> None:
    load_gagefile(write(tmp_path, "gage.toml", TEXT))

    changed = load_gagefile(write(tmp_path, "gage.toml", TEXT.replace("y", "z")))

    assert changed.data["a"]["exec"] == ["x", "z"]


def test_same_bytes_in_another_format_are_read_as_that(tmp_path: Path) -> None:
    load_gagefile(write(tmp_path, "gage.yaml", '{"a": {"exec": "yes"}} # x'))

    found = load_gagefile(write(tmp_path, "gage.json", '{"a": {"exec": "yes"}}'))

    assert found.data == {"a": {"exec": "yes"}}


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'{"data": 3, "faulty": []}', b"\xff", b"[" * 100_000],
    ids=["empty", "torn", "list", "null", "no-table", "bytes", "deep"],
)
def test_damaged_entry_is_not_used(tmp_path: Path, home: Path, damage: bytes) -> None:
    path = write(tmp_path, "gage.toml", TEXT)
    load_gagefile(path)
    entries(home)[0].write_bytes(damage)

    assert load_gagefile(path).data["a"]["default"] is True


def test_without_a_place_for_the_cache_it_works(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".cache").write_text("a file")
    path = write(tmp_path, "gage.toml", TEXT)

    assert load_gagefile(path).data["a"]["default"] is True
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_dir() is None
    assert load_gagefile(path).data["a"]["default"] is True


def test_cache_stays_small(home: Path) -> None:
    for number in range(70):
        keep(cache_path("gage.toml", b"%d" % number), {}, [])

    assert len(entries(home)) <= 64
    assert Path(cache_path("gage.toml", b"69") or "").is_file()
