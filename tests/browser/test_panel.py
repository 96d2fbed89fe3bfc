"""The panel and the tables as a person sees them."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import gage
from tests.browser.jupyterlab import (
    cell_of,
    close_page,
    interrupt_kernel,
    longest_stall_ms,
    open_notebook,
    output_of,
    restart_kernel,
    run_all_cells,
    run_cell,
    save,
    screenshot,
    shut_kernel_down,
    start_cell,
    wait_until_run,
    watch_stalls,
    write_notebook,
)
from tests.browser.servers import Server

pytestmark = [pytest.mark.alone, pytest.mark.browser]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ENDS_MS = 30_000.0

# Goes on by a step for each line that it is given, and shows how far it is as tqdm does.
STEPS = """\
import os, sys
with open(os.environ["STEPS"]) as steps:
    for step, _ in enumerate(steps, 1):
        print(f"\\r\\x1b[Kloss: {1 / step}")
        print(f"\\x1b[32mstep {step}\\x1b[0m <b>&amp;</b>")
        print(f"\\r{25 * step:3}%|{'##' * step:8}| {step}/4 [00:00<00:01, 5.0it/s]", end="")
        sys.stdout.flush()
print("\\nnearly done", file=sys.stderr)
open("model.pt", "wb").write(b"0" * 1000)
"""


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipe to give `steps.py` its steps through; for `lab`, ask for it before."""
    path = tmp_path / "steps"
    os.mkfifo(path)
    monkeypatch.setenv("STEPS", str(path))
    return path


def panel_of(page: Page, index: int) -> Locator:
    """Return what is seen of a panel: while a run goes on, its other half is hidden."""
    return output_of(page, index).locator(".gage.panel:visible")


def test_the_panel_moves_and_stays(
    steps: Path, lab: Server, viewer: Server, browser: Browser, runs_home: Path
) -> None:
    (lab.directory / "steps.py").write_text(STEPS)
    path = write_notebook(
        lab.directory / "panel.ipynb", ["%load_ext gage_nb", "%gage_run steps.py"]
    )
    page = open_notebook(browser, lab, path.name)
    run_cell(page, 0)

    # It appears and moves.
    start_cell(page, 1)
    panel = panel_of(page, 1)
    with steps.open("w") as pipe:
        expect(panel.locator(".fill.wait")).to_be_visible()
        print("1\n2", file=pipe, flush=True)
        expect(panel).to_contain_text("50% · 2/4")
        expect(panel.locator(".fill")).to_have_attribute("style", "width:50.0%")
        expect(panel.locator("pre")).to_contain_text("step 2 <b>&amp;</b>")
        expect(panel).to_contain_text("running")
        expect(panel).to_have_count(1)
        screenshot(page, "panel-live")
        # What is kept is as it was when there was something to keep.
        print("3", file=pipe, flush=True)
        expect(panel).to_contain_text("75% · 3/4")
        page.wait_for_function("() => document.body.textContent.includes('as it was at')")
        save(page)
        shutil.copy(path, lab.directory / "meanwhile.ipynb")
        shutil.copy(path, viewer.directory / "meanwhile.ipynb")

    # It ends as HTML, in the same place.
    wait_until_run(page, 1)
    expect(panel).to_contain_text("✔ completed")
    expect(panel).to_contain_text("model.pt (1.0 kB)")
    expect(panel).to_have_count(1)
    expect(output_of(page, 1).locator(".jupyter-widgets")).to_have_count(0)
    screenshot(page, "panel-end")
    save(page)
    close_page(page)
    assert gage.find().status == "completed"
    saved = nbformat.read(path, as_version=4)
    assert "widgets" not in saved.metadata
    assert "widget-view" not in path.read_text()

    # It is still there without a kernel, and so is what was saved meanwhile.
    page = open_notebook(browser, viewer, path.name)
    expect(panel_of(page, 1)).to_contain_text("✔ completed")
    expect(panel_of(page, 1).locator("pre")).to_contain_text("step 3 <b>&amp;</b>")
    screenshot(page, "panel-reopened")
    close_page(page)
    page = open_notebook(browser, viewer, "meanwhile.ipynb")
    expect(panel_of(page, 1)).to_contain_text("● running")
    expect(panel_of(page, 1)).to_contain_text("as it was at")
    expect(page.get_by_text(re.compile("Loading widget|model not found"))).not_to_be_visible()
    screenshot(page, "panel-saved-meanwhile")
    close_page(page)


def kill_kernel(page: Page) -> None:
    """Kill the kernel that the first cell has printed the pid of."""
    os.kill(int(re.findall(r"kernel (\d+)", output_of(page, 0).inner_text())[0]), signal.SIGKILL)
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("button", name="Ok").click(timeout=ENDS_MS)


@pytest.mark.parametrize("option", ["--bg", ""], ids=["background", "blocking"])
@pytest.mark.parametrize(
    "gone", [restart_kernel, shut_kernel_down, kill_kernel], ids=lambda gone: gone.__name__
)
def test_of_a_kernel_that_is_gone_the_snapshot_is_seen(
    gone: Callable[[Page], None],
    option: str,
    steps: Path,
    lab: Server,
    browser: Browser,
    runs_home: Path,
) -> None:
    (lab.directory / "steps.py").write_text(STEPS)
    first = "%load_ext gage_nb\nimport os; print('kernel', os.getpid())"
    path = write_notebook(lab.directory / "gone.ipynb", [first, f"%gage_run steps.py {option}"])
    page = open_notebook(browser, lab, path.name)
    run_cell(page, 0)
    start_cell(page, 1)
    panel = panel_of(page, 1)
    with steps.open("w") as pipe:
        print("1", file=pipe, flush=True)
        expect(panel).to_contain_text("25% · 1/4")
        if option:
            expect(panel.get_by_role("button", name="Stop")).to_be_visible()
        expect(panel).not_to_contain_text("look again with")

        gone(page)

        expect(panel).to_contain_text("look again with %gage attach", timeout=ENDS_MS)
        expect(panel).to_have_count(1)
        expect(page.get_by_role("button", name="Stop", exact=True)).not_to_be_visible()
        screenshot(page, f"panel-kernel-gone-{gone.__name__}")
    close_page(page)
    assert gage.find().wait(60).name == "completed"


def test_stop_works_in_the_background_and_interrupts_in_the_foreground(
    lab: Server, browser: Browser, runs_home: Path
) -> None:
    (lab.directory / "wait.py").write_text(
        "import threading\nprint('it waits', flush=True)\nthreading.Event().wait()\n"
    )
    write_notebook(
        lab.directory / "stop.ipynb",
        ["%load_ext gage_nb", "%gage_run wait.py --bg", "%gage_run wait.py", "%gage runs"],
    )
    page = open_notebook(browser, lab, "stop.ipynb")
    run_cell(page, 0)
    run_cell(page, 1)
    expect(panel_of(page, 1)).to_contain_text("it waits")
    screenshot(page, "panel-background")

    output_of(page, 1).get_by_role("button", name="Stop").click()

    # The saved form of the panel takes the place of the live one: for a moment both are there.
    ended = panel_of(page, 1).filter(has_text="■ stopped by you")
    expect(ended.first).to_be_visible(timeout=ENDS_MS)
    expect(panel_of(page, 1)).to_have_count(1)
    expect(output_of(page, 1).get_by_role("button", name="Stop")).to_have_count(0)
    start_cell(page, 2)
    expect(panel_of(page, 2)).to_contain_text("it waits")
    expect(output_of(page, 2).get_by_role("button")).to_have_count(0)
    interrupt_kernel(page)
    wait_until_run(page, 2)
    expect(panel_of(page, 2)).to_have_count(1)
    expect(panel_of(page, 2)).to_contain_text("■ stopped by you")
    expect(output_of(page, 2)).to_contain_text("KeyboardInterrupt")
    run_cell(page, 3)
    table = output_of(page, 3).locator("table.gage-table")
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(table).to_contain_text("■ stopped by you")
    screenshot(page, "panel-stopped")
    close_page(page)
    assert [run.status for run in gage.runs()] == ["terminated", "terminated"]


def test_a_million_lines_leave_the_page_and_the_notebook_small(
    lab: Server, browser: Browser, runs_home: Path
) -> None:
    (lab.directory / "flood.py").write_text("for i in range(1_000_000): print(i, '<&>' * 25)\n")
    path = write_notebook(
        lab.directory / "flood.ipynb", ["%load_ext gage_nb", "%gage_run flood.py"]
    )
    page = open_notebook(browser, lab, path.name)
    run_cell(page, 0)
    watch_stalls(page)

    run_cell(page, 1)

    stall_ms = longest_stall_ms(page)  # printed: how long it is depends on the machine
    expect(panel_of(page, 1)).to_contain_text("1,000,000 lines")
    expect(panel_of(page, 1)).to_contain_text("999999 <&>")
    elements = panel_of(page, 1).evaluate("panel => panel.querySelectorAll('*').length")
    save(page)
    screenshot(page, "panel-flood")
    close_page(page)
    size_bytes = path.stat().st_size
    print(f"longest stall {stall_ms:.0f} ms, {elements} elements, notebook {size_bytes:,} bytes")
    assert elements < 1000
    assert size_bytes < 200_000
    assert gage.find().output().line_count == 1_000_000


def test_the_quickstart_runs(lab: Server, browser: Browser, runs_home: Path) -> None:
    for name in ("quickstart.ipynb", "train.py"):
        shutil.copy(NOTEBOOKS / name, lab.directory / name)
    page = open_notebook(browser, lab, "quickstart.ipynb", size=(1000, 4000))

    run_all_cells(page)

    tables = page.locator("table.gage-table")
    expect(tables.last).to_be_visible()
    expect(page.locator(".jp-OutputArea-output[data-mime-type*='stderr']")).to_have_count(0)
    expect(page.locator(".gage.panel:visible").filter(has_text="running")).to_have_count(0)
    cell_of(page, 0).scroll_into_view_if_needed()
    screenshot(page, "quickstart")
    save(page)
    close_page(page)
    notebook = nbformat.read(lab.directory / "quickstart.ipynb", as_version=4)
    kinds = [one.output_type for cell in notebook.cells for one in cell.get("outputs", [])]
    assert "error" not in kinds
    assert (lab.directory / "quickstart.ipynb").stat().st_size < 200_000
    assert sorted({run.status for run in gage.runs()}) == ["completed", "error", "terminated"]
