"""The harness itself: what the other tests here rest on."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.jupyterlab import (
    cell_of,
    close_page,
    interrupt_kernel,
    kernel_status,
    longest_stall_ms,
    open_notebook,
    output_of,
    restart_kernel,
    run_all_cells,
    run_cell,
    save,
    screenshot,
    start_cell,
    wait_until_run,
    watch_stalls,
    write_notebook,
)
from tests.browser.servers import Server

pytestmark = [pytest.mark.alone, pytest.mark.browser]

_WIDGET = "import ipywidgets\nipywidgets.HTML('<b>from a widget</b>')"


def test_cells_run_and_show_text_and_widgets(browser: Browser, lab: Server) -> None:
    write_notebook(lab.directory / "smoke.ipynb", ["print('printed', 6 * 7)", _WIDGET])
    page = open_notebook(browser, lab, "smoke.ipynb")

    run_all_cells(page)

    expect(output_of(page, 0)).to_have_text("printed 42")
    expect(output_of(page, 1).locator(".widget-html b")).to_have_text("from a widget")
    assert screenshot(page, "smoke").stat().st_size > 10_000


def test_saved_notebook_shows_its_output_without_a_kernel(
    browser: Browser, lab: Server, viewer: Server
) -> None:
    path = write_notebook(lab.directory / "saved.ipynb", ["print('still here')"])
    page = open_notebook(browser, lab, path.name)
    run_cell(page, 0)
    save(page)
    close_page(page)

    page = open_notebook(browser, viewer, path.name)

    expect(output_of(page, 0)).to_have_text("still here")
    assert kernel_status(page) != "idle"
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "still here\n"


def test_running_cell_can_be_interrupted(browser: Browser, lab: Server) -> None:
    forever = (
        "import threading\nprint('waiting', flush=True)\nwhile True: threading.Event().wait(1)"
    )
    write_notebook(lab.directory / "forever.ipynb", [forever, "print('next')"])
    page = open_notebook(browser, lab, "forever.ipynb")
    watch_stalls(page)
    start_cell(page, 0)
    expect(output_of(page, 0)).to_contain_text("waiting")

    interrupt_kernel(page)

    wait_until_run(page, 0)
    expect(output_of(page, 0)).to_contain_text("KeyboardInterrupt")
    run_cell(page, 1)
    expect(output_of(page, 1)).to_have_text("next")
    assert longest_stall_ms(page) >= 0


def test_restarted_kernel_has_forgotten(browser: Browser, lab: Server) -> None:
    write_notebook(lab.directory / "restart.ipynb", ["value = 1", "print('value' in globals())"])
    page = open_notebook(browser, lab, "restart.ipynb")
    run_all_cells(page)
    expect(output_of(page, 1)).to_have_text("True")

    restart_kernel(page)

    run_cell(page, 1)
    expect(output_of(page, 1)).to_have_text("False")
    expect(cell_of(page, 1)).to_be_visible()
