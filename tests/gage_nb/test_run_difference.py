"""Two runs side by side in a notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

import gage
import gage_nb
from gage._internal.compare.difference import COLUMNS


@pytest.fixture
def pair(project: Path, runs_home: Path) -> list[gage.RecordedRun]:
    (project / "fit.py").write_text("lr = 0.1\nprint('<b>', lr)\nprint('loss:', 1 - lr)\n")
    return [gage.run("fit.py"), gage.run("fit.py", {"lr": 0.5})]


def test_each_section_is_a_frame(pair: list[gage.RecordedRun]) -> None:
    found = gage_nb.diff(*pair)

    assert found
    assert list(found) == list(COLUMNS)
    assert found.differing == ["config", "source", "metrics", "output"]
    for section in found:
        names = [name.removesuffix("_ms") for name in COLUMNS[section]]
        assert list(found[section].columns) == names
        assert found[section].empty == (section not in found.differing)
    assert found["metrics"]["delta"].tolist() == pytest.approx([-0.4])
    assert str(found["output"]["time_a"].dtype) == "datetime64[ms, UTC]"


def test_all_in_one_frame(pair: list[gage.RecordedRun]) -> None:
    frame = gage_nb.diff(pair[0].name, pair[1]).frame

    assert list(frame.columns) == ["section", "what", "a", "b"]
    assert list(frame["section"].unique()) == ["config", "source", "metrics", "output"]
    assert frame["b"][1].startswith("--- fit.py")


def test_the_view_has_only_what_differs(pair: list[gage.RecordedRun]) -> None:
    page = gage_nb.diff(*pair)._repr_html_()

    assert page.count("<details open>") == 4
    assert "same: command, environment, files, system" in page
    assert "<span class=b>+2: loss: 0.5</span>" in page
    assert "&lt;b&gt; 0.1" in page
    assert "<b> 0.1" not in page


def test_two_runs_of_the_same(pair: list[gage.RecordedRun]) -> None:
    found = gage_nb.diff(pair[0], pair[0])

    assert not found
    assert repr(found) == f"{pair[0].name} and {pair[0].name} do not differ"
    assert "<details" not in found._repr_html_()
