"""A real JupyterLab in headless Chromium, driven as a person does: by menus and keys.

    with running_server(directory) as server, chromium() as browser:
        page = open_notebook(browser, server, "demo.ipynb")
        run_all_cells(page)
        expect(output_of(page, 0)).to_contain_text("hello")

Nothing here sleeps. What a person does starts one of JupyterLab's commands, and the functions wait
until that command says that it is done; what shows later is awaited with Playwright's `expect`.
Chromium is Debian's, found on PATH: Playwright's own download is not needed.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.browser.servers import Server

__all__ = [
    "cell_of",
    "chromium",
    "close_page",
    "interrupt_kernel",
    "kernel_status",
    "longest_stall_ms",
    "open_notebook",
    "output_of",
    "restart_kernel",
    "run_all_cells",
    "run_cell",
    "save",
    "screenshot",
    "shut_kernel_down",
    "start_cell",
    "wait_until_run",
    "watch_stalls",
    "write_notebook",
]

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "test-artifacts"

# The commands that Shift+Enter and the menus carry out, by what a person means.
_RUN_CELL = ("notebook:run-cell-and-select-next", "runmenu:run")
_RUN_ALL = ("notebook:run-all-cells", "runmenu:run-all")
_SAVE = ("docmanager:save",)
_RESTART = ("kernelmenu:restart", "notebook:restart-kernel")
_SHUTDOWN = ("kernelmenu:shutdown", "notebook:shutdown-kernel")
_INTERRUPT = ("kernelmenu:interrupt", "notebook:interrupt-kernel")

_CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    # Otherwise it looks for hosts of its maker at every start.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_PAGE_TIMEOUT_MS = 60_000.0


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, headless.

    Raises
    ------
    FileNotFoundError
        If there is none on PATH: the tests must not pass by skipping what a person sees.
    """
    executable = shutil.which("chromium")
    if executable is None:
        raise FileNotFoundError("no chromium on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=list(_CHROMIUM_FLAGS), headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """Write a notebook of code cells for the Python kernel."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
    )
    nbformat.write(notebook, path)
    return path


def open_notebook(
    browser: Browser, server: Server, name: str, *, size: tuple[int, int] = (1280, 900)
) -> Page:
    """Open a notebook in a new window and wait until its kernel is idle.

    With a server that has no kernels, the question for one is answered with "No Kernel". The side
    bars are closed.
    """
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(_PAGE_TIMEOUT_MS)
    workspace = f"test-{secrets.token_hex(4)}"
    page.goto(f"{server.url}/lab/workspaces/{workspace}/tree/{name}?token={server.token}")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=_PAGE_TIMEOUT_MS)
    if server.has_kernels:
        _wait_for_kernel(page)
    else:
        page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
        expect(page.locator(".jp-Dialog")).to_have_count(0)
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    return page


def close_page(page: Page) -> None:
    """Close the window as a person closes a tab: at once, whatever is unsaved."""
    page.close(run_before_unload=False)


def cell_of(page: Page, index: int) -> Locator:
    """Return a cell of the notebook by its position from 0."""
    return page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{index}"]')


def output_of(page: Page, index: int) -> Locator:
    """Return the whole output of a cell by the cell's position from 0."""
    return cell_of(page, index).locator(".jp-Cell-outputArea")


def run_all_cells(page: Page) -> None:
    """Run > Run All Cells; return when the last one has ended, or the first failed."""
    with _command_done(page, _RUN_ALL):
        _choose(page, "Run", "Run All Cells")


def run_cell(page: Page, index: int) -> None:
    """Run a cell with Shift+Enter; return when it has ended."""
    with _command_done(page, _RUN_CELL):
        _press_run(page, index)


def start_cell(page: Page, index: int) -> None:
    """Start a cell with Shift+Enter; return when it shows that it is running, `[*]`."""
    _press_run(page, index)
    expect(cell_of(page, index).locator(".jp-InputPrompt")).to_have_text("[*]:")


def wait_until_run(page: Page, index: int, *, timeout_s: float = 60.0) -> None:
    """Wait until a started cell has ended: its prompt has a number again."""
    prompt = cell_of(page, index).locator(".jp-InputPrompt")
    expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=timeout_s * 1000)


def save(page: Page) -> None:
    """Save the notebook with Ctrl+S; return when it is written."""
    with _command_done(page, _SAVE):
        page.keyboard.press("Control+s")


def restart_kernel(page: Page) -> None:
    """Kernel > Restart Kernel, confirmed; return when the new kernel is idle."""
    with _command_done(page, _RESTART):
        _choose(page, "Kernel", "Restart Kernel…")
        page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    _wait_for_kernel(page)


def shut_kernel_down(page: Page) -> None:
    """Kernel > Shut Down Kernel."""
    with _command_done(page, _SHUTDOWN):
        _choose(page, "Kernel", "Shut Down Kernel")


def interrupt_kernel(page: Page) -> None:
    """Kernel > Interrupt Kernel."""
    with _command_done(page, _INTERRUPT):
        _choose(page, "Kernel", "Interrupt Kernel")


def kernel_status(page: Page) -> str:
    """Return what JupyterLab says of the kernel: `idle`, `busy` or another word."""
    return str(
        page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus"
        )
    )


def screenshot(target: Page | Locator, name: str) -> Path:
    """Take a picture of the page, or of a part of it, as test-artifacts/NAME.png."""
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    target.screenshot(path=path)
    return path


def watch_stalls(page: Page) -> None:
    """From now on, measure how long the page lets its own timers wait (`longest_stall_ms`)."""
    page.evaluate(
        """() => {
            let last = performance.now();
            window.gageLongestStall = 0;
            setInterval(() => {
                const now = performance.now();
                window.gageLongestStall = Math.max(window.gageLongestStall, now - last - 20);
                last = now;
            }, 20);
        }"""
    )


def longest_stall_ms(page: Page) -> float:
    """Return the longest time since `watch_stalls` that the page did not answer."""
    return float(page.evaluate("() => window.gageLongestStall"))


def _choose(page: Page, menu: str, item: str) -> None:
    page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
    label = page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(item)}$"))
    label.click()


def _press_run(page: Page, index: int) -> None:
    cell_of(page, index).locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")


def _wait_for_kernel(page: Page) -> None:
    """Wait until the kernel has answered: the page may say `idle` before there is one."""
    page.evaluate(
        """async () => {
            const context = window.jupyterapp.shell.currentWidget.sessionContext;
            await context.ready;
            await context.session.kernel.info;
        }"""
    )
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus === 'idle'"
    )


@contextmanager
def _command_done(page: Page, commands: Sequence[str], timeout_s: float = 120.0) -> Iterator[None]:
    """Wait at the end until a command that is carried out inside is done."""
    done = page.evaluate_handle(
        """([commands, timeout_ms]) => {
            const registry = window.jupyterapp.commands;
            let found;
            const done = new Promise((resolve, reject) => { found = {resolve, reject}; });
            const listen = (_, {id, result}) => {
                if (commands.includes(id)) {
                    registry.commandExecuted.disconnect(listen);
                    result.then(() => found.resolve(), () => found.resolve());
                }
            };
            registry.commandExecuted.connect(listen);
            setTimeout(() => found.reject(new Error(`not done: ${commands}`)), timeout_ms);
            // In an object: a promise itself would be awaited here and now.
            return {done};
        }""",
        [list(commands), timeout_s * 1000],
    )
    yield
    page.evaluate("({done}) => done", done)
    done.dispose()
