"""A notebook as a program: `python -m gage.inside.notebook NOTEBOOK.ipynb`.

It runs in the run directory, in the run's own process. Every cell is executed in a kernel of this
interpreter; its output goes to stdout and stderr as it comes, after a line

    [cell 3/10]

Its results are recorded (`result_log`). After every cell, the executed notebook is written beside
the source as NOTEBOOK.executed.ipynb, so that a kill leaves the results so far. A failing cell ends
the program with exit code 1; the last line names the cell. SIGINT interrupts the cell, like the
notebook's own button; SIGTERM ends the kernel; both print `stopped`. The kernel works in the
directory of the notebook.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
from typing import Any

from gage._internal.atomic import replace
from gage.inside.no_input import NO_INPUT
from gage.inside.result_log import clear_output, publish

__all__ = ["main", "run_notebook"]

_SHOWS = {"execute_result": "value", "display_data": "display", "update_display_data": "display"}


def run_notebook(path: str) -> int:
    """Execute a notebook; return the exit code."""
    import nbformat
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    executed_path = f"{path.removesuffix('.ipynb')}.executed.ipynb"

    def save() -> None:
        replace(executed_path, nbformat.writes(notebook).encode())

    numbers = {
        index: number
        for number, index in enumerate(
            (index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"), 1
        )
    }
    sockets = tempfile.mkdtemp(prefix="gage-")
    directory = os.path.dirname(os.path.abspath(path))
    client = _client(notebook, numbers, save, directory, sockets)
    failure = ""
    try:
        client.execute(env=_kernel_env())
    except (CellExecutionError, DeadKernelError, _StoppedError, KeyboardInterrupt) as error:
        dead = isinstance(error, DeadKernelError)
        failure = f"failed: {'the kernel died' if dead else client.failure}"
        if client.stopped_by or isinstance(error, KeyboardInterrupt):
            failure = "stopped"
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
    save()
    if not failure:
        return 0
    _say(f"[cell {numbers.get(client.current_index, 1)}/{len(numbers)}] {failure}", sys.stderr)
    return 128 + client.stopped_by if client.stopped_by else 1


class _StoppedError(Exception):
    """The notebook is being stopped, so no further cell is executed."""


def _kernel_env() -> dict[str, str]:
    """Return the environment of the kernel, which shows figures in its own way."""
    env = dict(os.environ)
    env.pop("MPLBACKEND", None)
    return env


def _kernel_manager(sockets: str) -> Any:
    """Return a manager that starts a kernel of this interpreter, not the one the notebook names."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class OwnEnvironment(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            # Messages of the kernel itself are not output of the notebook.
            argv.append(f"--log-level={logging.CRITICAL}")
            return KernelSpec(argv=argv, display_name=kernel_name, language="python")

    # Sockets in our own directory: ports could be taken by another kernel meanwhile.
    return AsyncKernelManager(
        kernel_spec_manager=OwnEnvironment(), transport="ipc", ip=f"{sockets}/kernel"
    )


def _client(notebook: Any, numbers: dict[int, int], save: Any, directory: str, sockets: str) -> Any:
    """Return a client that prints what cells print; nbclient is imported only here."""
    from nbclient import NotebookClient

    class PrintingClient(NotebookClient):
        current_index = 0
        failure = ""
        stopped_by = 0

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            _print_message(msg)
            if msg["msg_type"] == "error":
                content = msg["content"]
                self.failure = f"{content['ename']}: {content['evalue']}"
                if content["ename"] == "StdinNotImplementedError":
                    self.failure = NO_INPUT
            return super().process_message(msg, cell, cell_index)

    def stop(number: int) -> None:
        client.stopped_by = client.stopped_by or number
        if number == signal.SIGINT:
            kept.append(asyncio.ensure_future(client.km.interrupt_kernel()))
        else:
            kept.append(asyncio.ensure_future(client.km.shutdown_kernel(now=True)))

    kept: list[Any] = []  # otherwise a task may be collected before it is done

    def begin(cell: Any, cell_index: int) -> None:
        if client.stopped_by:
            raise _StoppedError
        # Not earlier: nbclient sets its own handlers, which report that the kernel died.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        client.current_index = cell_index
        _say(f"[cell {numbers[cell_index]}/{len(numbers)}]", sys.stdout)

    def end(cell: Any, cell_index: int, **_: Any) -> None:
        save()

    client: Any = PrintingClient(
        notebook,
        km=_kernel_manager(sockets),
        timeout=None,
        resources={"metadata": {"path": directory}},
        on_cell_execute=begin,
        on_cell_executed=end,
        on_cell_error=end,
    )
    return client


def _print_message(msg: Any) -> None:
    content = msg["content"]
    kind = msg["msg_type"]
    if kind == "stream":
        stream = sys.stderr if content["name"] == "stderr" else sys.stdout
        stream.write(content["text"])
        stream.flush()
    elif kind == "error":
        _say("\n".join(content["traceback"]), sys.stderr)
    elif kind == "clear_output":
        clear_output(wait=content["wait"])
    elif kind in _SHOWS:
        publish(
            content["data"],
            content.get("metadata"),
            kind=_SHOWS[kind],
            display_id=str(content.get("transient", {}).get("display_id", "")),
            update=kind == "update_display_data",
        )


def _say(text: str, stream: Any) -> None:
    stream.write(f"{text}\n")
    stream.flush()


def main(argv: list[str]) -> int:
    """Run the notebook that the arguments name."""
    if len(argv) != 1:
        _say("expected one argument: a notebook", sys.stderr)
        return 2
    try:
        return run_notebook(argv[0])
    except KeyboardInterrupt:
        # While the libraries were loading, or the executed notebook was written.
        _say("stopped", sys.stderr)
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
