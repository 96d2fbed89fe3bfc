"""Figures of runs as a person sees them: live, after reopening without a kernel, of a sweep."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.jupyterlab import (
    close_page,
    open_notebook,
    output_of,
    run_all_cells,
    run_cell,
    save,
    screenshot,
    start_cell,
    wait_until_run,
    write_notebook,
)
from tests.browser.servers import Server

pytestmark = [pytest.mark.alone, pytest.mark.browser]

ENDS_MS = 60_000.0

# Shows a figure, waits until it is let go, and shows another.
SCRIPT = """\
import os
import matplotlib.pyplot as plt
lr = 0.5
plt.figure(figsize=(4, 3), dpi=100)
plt.plot([1, lr, 2])
plt.show()
print("one is shown")
if "STEPS" in os.environ:
    open(os.environ["STEPS"]).close()
plt.figure(figsize=(4, 3), dpi=50)
plt.plot([2, lr, 1])
plt.show()
"""

CELL = """\
%%gage_run
import matplotlib.pyplot as plt
plt.plot(data, "o-")
plt.title("what the notebook has")
sum(data)"""


def pictures(page: Page, index: int) -> Locator:
    return output_of(page, index).locator(".jp-RenderedImage img")


def widths(images: Locator) -> list[int]:
    found: list[int] = images.evaluate_all("images => images.map(image => image.naturalWidth)")
    return found


def test_a_cell_draws_with_the_notebooks_data(
    lab: Server, viewer: Server, browser: Browser
) -> None:
    cells = ["%load_ext gage_nb", "data = [3, 1, 2]", CELL, "%gage show"]
    path = write_notebook(lab.directory / "cell.ipynb", cells)
    page = open_notebook(browser, lab, path.name)

    run_all_cells(page)

    for index in (2, 3):
        expect(pictures(page, index)).to_have_count(1, timeout=ENDS_MS)
        expect(output_of(page, index)).to_contain_text("6")
        assert widths(pictures(page, index)) == [640]
    expect(output_of(page, 2)).to_contain_text("carried: data")
    screenshot(page, "figures-cell")
    save(page)
    close_page(page)

    reopened = open_notebook(browser, viewer, path.name)

    for index in (2, 3):
        expect(pictures(reopened, index)).to_have_count(1)
        assert widths(pictures(reopened, index)) == [640]
    screenshot(reopened, "figures-cell-reopened")


def test_figures_of_a_script_come_live_and_stay(
    lab: Server,
    viewer: Server,
    browser: Browser,
    steps: Path,
) -> None:
    (lab.directory / "draw.py").write_text(SCRIPT)
    path = write_notebook(
        lab.directory / "script.ipynb",
        [f"%load_ext gage_nb\n%env STEPS={steps}", "%gage_run draw.py"],
    )
    page = open_notebook(browser, lab, path.name)
    run_cell(page, 0)
    start_cell(page, 1)

    # The first is seen while the script waits, the second when it goes on.
    expect(pictures(page, 1)).to_have_count(1, timeout=ENDS_MS)
    expect(output_of(page, 1)).to_contain_text("one is shown")
    screenshot(page, "figures-live")
    steps.open("w").close()
    wait_until_run(page, 1)
    expect(pictures(page, 1)).to_have_count(2, timeout=ENDS_MS)
    assert widths(pictures(page, 1)) == [400, 200]
    save(page)
    close_page(page)

    outputs = nbformat.read(path, as_version=4).cells[1].outputs
    assert sum("image/png" in output.data for output in outputs) == 2
    assert path.stat().st_size < 1_000_000
    reopened = open_notebook(browser, viewer, path.name)
    expect(pictures(reopened, 1)).to_have_count(2)
    assert widths(pictures(reopened, 1)) == [400, 200]


def test_a_sweep_shows_what_its_trials_draw(lab: Server, viewer: Server, browser: Browser) -> None:
    (lab.directory / "draw.py").write_text(SCRIPT)
    path = write_notebook(
        lab.directory / "sweep.ipynb",
        ["%load_ext gage_nb", "%gage_run draw.py lr=[0.1,0.9] --jobs 2"],
    )
    page = open_notebook(browser, lab, path.name)

    run_all_cells(page)

    expect(pictures(page, 1)).to_have_count(2, timeout=ENDS_MS)
    expect(output_of(page, 1)).to_contain_text("lr=0.1 · the last of 2")
    expect(output_of(page, 1)).to_contain_text("lr=0.9 · the last of 2")
    assert widths(pictures(page, 1)) == [200, 200]
    screenshot(page, "figures-sweep")
    save(page)
    close_page(page)

    reopened = open_notebook(browser, viewer, path.name)
    expect(pictures(reopened, 1)).to_have_count(2)
    screenshot(reopened, "figures-sweep-reopened")


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """A pipe at which the script waits."""
    import os

    path = tmp_path / "steps"
    os.mkfifo(path)
    return path
