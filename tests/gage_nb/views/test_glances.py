"""What is seen of the files that a run made, in a notebook."""

from __future__ import annotations

import io
from base64 import b64decode
from pathlib import Path

import pytest
from PIL import Image

from gage._internal.types import Run
from gage_nb.views.glances import MAX_GLANCES, MAX_HTML_BYTES, THUMBNAIL_PX, glances_html
from tests.making import ended


def run_with(home: Path, files: dict[str, bytes]) -> Run:
    made = home.parent / "made"
    made.mkdir()
    for name, data in files.items():
        (made / name).write_bytes(data)
    return ended(home, f"cp {made}/* .")


def png(width: int, height: int) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((width, height), 99).save(data, "PNG")
    return data.getvalue()


def test_a_picture_is_made_small_and_linked(
    runs_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with(runs_home, {"a b.png": png(1000, 500)})
    monkeypatch.chdir(runs_home.parent)

    html = glances_html(run)

    assert f"<a href='{runs_home.name}/{run.id}/a%20b.png' target=_blank>" in html
    assert "1000×500 px" in html
    url = html.partition("src='data:image/png;base64,")[2].partition("'")[0]
    with Image.open(io.BytesIO(b64decode(url))) as image:
        assert image.size == (THUMBNAIL_PX, THUMBNAIL_PX // 2)


def test_a_table_shows_its_first_rows_escaped(runs_home: Path) -> None:
    run = run_with(runs_home, {"a.csv": b"x,<b>\n1,2\n"})

    html = glances_html(run)

    assert "<th>x</th><th>&lt;b&gt;</th>" in html
    assert "<td>1</td><td>2</td>" in html


def test_a_page_and_a_drawing(runs_home: Path) -> None:
    svg = b"<svg width='10' height='10'><script>alert(1)</script></svg>"
    run = run_with(runs_home, {"a.html": b"<title>T & <script></title>", "b.svg": svg})

    html = glances_html(run)

    assert "T &amp; &lt;script&gt;" in html
    assert "src='data:image/svg+xml;base64," in html
    assert "<script" not in html


def test_a_picture_that_is_none_has_its_link(runs_home: Path) -> None:
    html = glances_html(run_with(runs_home, {"a.png": b"no picture" * 9000}))

    assert ">a.png</a>" in html
    assert "<img" not in html


def test_it_is_bounded(runs_home: Path) -> None:
    run = run_with(runs_home, {f"{number:02}.png": png(400, 400) for number in range(40)})

    html = glances_html(run)

    assert len(html) < MAX_HTML_BYTES + 1000
    assert html.count("<img") in range(1, MAX_GLANCES + 1)
    assert f"and {40 - html.count('<img')} more: gage manifest {run.name}" in html


def test_a_run_that_made_nothing_to_look_at_has_none(runs_home: Path) -> None:
    assert glances_html(run_with(runs_home, {"a.txt": b"x"})) == ""


def test_a_picture_that_no_server_serves_is_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".gage" / "runs"
    home.mkdir(parents=True)
    run = run_with(home, {"a.png": png(10, 5)})
    monkeypatch.chdir(tmp_path)

    html = glances_html(run)

    assert "href" not in html
    assert "<code>.gage/runs/" in html
    assert "src='data:image/png;base64," in html
