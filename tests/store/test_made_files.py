"""Files that a run made, and what a glance into them tells."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib as mpl
import matplotlib.figure
import pytest
from PIL import Image

from gage._internal.store.made_files import MadeFile, content_of, made_files, made_paths
from gage._internal.types import Run
from tests.making import ended, staged


def run_with(home: Path, name: str, data: bytes) -> Run:
    """Return a run that made one file."""
    (home.parent / "made").write_bytes(data)
    return ended(home, f"cp {home.parent / 'made'} {name}")


def only(run: Run) -> MadeFile:
    (file,) = made_files(run)
    return file


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_has_its_size(runs_home: Path, kind: str) -> None:
    data = io.BytesIO()
    Image.new("RGB", (300, 20), "red").save(data, kind)

    file = only(run_with(runs_home, f"a.{kind.lower()}", data.getvalue()))

    assert (file.kind, file.about, file.size_bytes) == (kind, "300×20 px", len(data.getvalue()))


def test_a_jpeg_of_a_camera_has_its_size_behind_other_segments(runs_home: Path) -> None:
    data = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 20_000
    Image.new("RGB", (30, 20)).save(data, "JPEG", exif=exif, progressive=True)

    assert only(run_with(runs_home, "a.jpg", data.getvalue())).about == "30×20 px"


def test_an_svg_of_matplotlib_has_its_size(runs_home: Path) -> None:
    data = io.BytesIO()
    with mpl.rc_context({"savefig.bbox": None}):
        matplotlib.figure.Figure(figsize=(4, 3)).savefig(data, format="svg")

    assert only(run_with(runs_home, "a.svg", data.getvalue())).about == "288pt×216pt"


def test_a_page_has_its_title(runs_home: Path) -> None:
    page = b"<!doctype html><TITLE>\n a &lt; b\n</TITLE><p>x"

    assert only(run_with(runs_home, "a.html", page)).about == "a &lt; b"


def test_a_table_has_its_first_rows(runs_home: Path) -> None:
    lines = ["\ufeffa,b", '"x, y",1', "", *(f"{number},{number}" for number in range(9))]

    file = only(run_with(runs_home, "a.csv", "\n".join(lines).encode()))

    assert file.rows == [["a", "b"], ["x, y", "1"], *([f"{n}", f"{n}"] for n in range(4))]


def test_a_wide_table_is_cut(runs_home: Path) -> None:
    row = "\t".join(["y" * 100, *map(str, range(20))])

    (first,) = only(run_with(runs_home, "a.tsv", row.encode())).rows

    assert first == ["y" * 39 + "…", *"0123456", "…"]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.svg", "a.csv", "a.tsv", "a.html"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xd8\xff\xe0\xff\xff",
        b"\xff\xd8\xff\xc0\0",
        b"\x89PNG\r\n\x1a\n",
        b"<svg width='" * 99,
        b'"' * 70_000,
        bytes(range(256)) * 300,
    ],
    ids=["empty", "null", "cut jpeg", "short jpeg", "cut png", "svg", "quotes", "any"],
)
def test_nothing_in_a_file_makes_it_fail(runs_home: Path, name: str, data: bytes) -> None:
    assert only(run_with(runs_home, name, data)).path == name


def test_what_is_no_file_is_listed_alone(runs_home: Path) -> None:
    run = ended(runs_home, "mkfifo a.png; ln -s /dev/zero b.csv; echo x > c.txt; echo > d.csv")

    found = {file.path: file.rows or file.about for file in made_files(run)}

    assert found["c.txt"] == ""
    assert not any(found.values())
    with pytest.raises(OSError, match=r"b\.csv"):
        content_of(run, MadeFile("b.csv", None, "CSV", "", []), 10)


def test_files_that_people_look_at_come_first_without_caches(runs_home: Path) -> None:
    command = "mkdir -p __pycache__ x; touch a.txt b.png __pycache__/c.csv x/d.pyc"

    run = ended(runs_home, command)

    assert made_paths(run) == ["a.txt", "b.png"]
    assert [file.path for file in made_files(run)] == ["b.png", "a.txt"]


def test_a_run_that_made_nothing_has_none(runs_home: Path) -> None:
    assert made_files(staged(runs_home)) == []
