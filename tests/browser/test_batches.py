"""The panel of a batch as a person sees it, in a light and in a dark theme."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import gage
from tests.browser.jupyterlab import (
    close_page,
    open_notebook,
    output_of,
    run_cell,
    screenshot,
    start_cell,
    wait_until_run,
    write_notebook,
)
from tests.browser.servers import Server

pytestmark = [pytest.mark.alone, pytest.mark.browser]

ENDS_MS = 30_000.0

# Half done, until it is told to end.
HALF = """\
import gage, os, time
n = 0
if n == 7: raise SystemExit(3)
gage.progress(1, 2)
while not os.path.exists({path!r}): time.sleep(0.02)
gage.log(loss=1 / (n + 1))
"""


def panel_of(page: Page, index: int) -> Locator:
    return output_of(page, index).locator(".gage.panel:visible")


def assert_inside(part: Locator, whole: Locator) -> None:
    """Nothing of a part is left or right of the whole."""
    inner, outer = part.bounding_box(), whole.bounding_box()
    assert inner is not None
    assert outer is not None
    assert outer["x"] < inner["x"]
    assert inner["x"] + inner["width"] < outer["x"] + outer["width"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_batch_moves_is_stopped_inside_its_card_and_can_be_shown(
    theme: str, lab: Server, browser: Browser, runs_home: Path, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    (lab.directory / "half.py").write_text(HALF.format(path=str(end)))
    many = ",".join(str(n) for n in range(7, 32))
    write_notebook(
        lab.directory / "batch.ipynb",
        [
            "%load_ext gage_nb",
            f"%gage_run half.py n=[{many}] --jobs 2 --bg --as b",
            "%gage_run half.py n=[1,2] --jobs 2",
            "%gage show b",
            "%gage batches",
        ],
    )
    page = open_notebook(browser, lab, "batch.ipynb", size=(900, 1800))
    if theme == "dark":
        page.evaluate(
            "() => window.jupyterapp.commands.execute("
            "'apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
    run_cell(page, 0)
    run_cell(page, 1)

    # One has failed and two are half done: 2 of 25.
    panel = panel_of(page, 1)
    expect(panel.locator(".fill")).to_have_attribute("style", "width:8.0%", timeout=ENDS_MS)
    expect(panel.locator("tbody tr").nth(0)).to_contain_text("● running 50%")
    expect(panel.locator("tbody tr").nth(2)).to_contain_text("✖ error (exit code 3)")
    expect(panel).to_contain_text("5 more trials")
    stop = output_of(page, 1).get_by_role("button", name="Stop")
    assert_inside(stop, panel)
    screenshot(page, f"batch-{theme}")
    stop.click()
    ended = panel_of(page, 1).filter(has_text="22 not started")
    expect(ended.first).to_be_visible(timeout=ENDS_MS)
    expect(panel_of(page, 1)).to_have_count(1)
    expect(panel_of(page, 1)).not_to_contain_text("waiting")

    # A cell that waits has live widgets too, and no line about a moment that is past.
    start_cell(page, 2)
    expect(panel_of(page, 2).locator(".fill")).to_have_attribute("style", "width:50.0%")
    expect(panel_of(page, 2).get_by_text("as it was at")).to_have_count(0)
    end.touch()
    wait_until_run(page, 2)
    expect(panel_of(page, 2)).to_contain_text("✔ completed")
    run_cell(page, 3)
    expect(panel_of(page, 3)).to_contain_text("22 not started")
    run_cell(page, 4)
    numbers = output_of(page, 4).locator(".gage-table tbody th")
    expect(numbers.first).to_have_css("vertical-align", "top")
    screenshot(page, f"batch-{theme}-end")
    close_page(page)
    assert [batch.counts() for batch in gage.batches()] == [
        {"completed": 2},
        {"error": 1, "terminated": 2},
    ]
