r"""The record of a kernel's notebook: its path and its content.

`NotebookRecorder.start` begins the search and `NotebookRecording.collect` returns two attributes
for the side-car, one JSON value each:

    cell      {"number": 5, "id": "3f1c…", "source": "%%gage_run fit\n…"}: the cell being executed,
              as it was typed
    notebook  {"path": "/home/me/demo.ipynb", "origin": "file", "saved": "2026-11-22T23:06:50Z",
               "holds_cell": true, "outputs_left_out": false, "document": {…}}

`origin` is the source of the document: `file` for the notebook as last saved; `server` for the same
from the Jupyter server, if the file cannot be reached; `executed cells` for a document made from
the cells that this kernel has executed, in their order. `holds_cell` says whether the document has
the cell being executed with the same text: if not, the notebook has unsaved changes, and `executed`
has the executed cells as another document. Documents are in the notebook format (nbformat). Above
`MAX_DOCUMENT_BYTES`, outputs are left out. A value that is not available is `{"absent": REASON}`.

The whole search (`notebook_search`) happens in a thread, for which `collect` does not wait after
the deadline.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage_nb.notebook_document import document_of, holds_source
from gage_nb.notebook_search import (
    FoundNotebook,
    Server,
    absent_for,
    connection_file,
    kernel_id_of,
    named_path,
    read_file,
    running_servers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

__all__ = [
    "ExecutingCell",
    "NotebookRecorder",
    "NotebookRecording",
    "executed_cells",
    "executing_cell",
]


@dataclass(frozen=True)
class ExecutingCell:
    """The cell being executed: its number, its text as typed, its id in the notebook.

    Each is None if it is not known: code that a front end sends without history has no number.
    """

    number: int | None
    source: str | None
    id: str | None


def executing_cell(shell: InteractiveShell) -> ExecutingCell:
    """Return the cell that the shell is executing.

    It does not use `execution_count`, which IPython 9 increments before a cell is executed, and
    IPython 8 after it.
    """
    number, source = len(_history(shell)) - 1, (_history(shell) or [""])[-1]
    # A kernel has the request itself, which may not be in the history.
    request = (shell.get_parent() or {}) if hasattr(shell, "get_parent") else {}
    content, metadata = request.get("content") or {}, request.get("metadata") or {}
    in_history = number > 0
    if "code" in content:
        # The history stores a cell without line breaks at its end.
        in_history = content.get("store_history", True) and content["code"].rstrip("\n") == source
        source = content["code"]
    cell_id = metadata.get("cellId")
    return ExecutingCell(
        number=number if in_history else None,
        source=source or None,
        id=cell_id if isinstance(cell_id, str) else None,
    )


def executed_cells(shell: InteractiveShell) -> list[tuple[int, str]]:
    """Return number and text, as typed, of the cells that this kernel got, in their order."""
    return [(number, source) for number, source in enumerate(_history(shell)) if source.strip()]


def _history(shell: InteractiveShell) -> list[str]:
    manager = shell.history_manager
    return [] if manager is None else list(manager.input_hist_raw)


class NotebookRecorder:
    """Finds the notebook of a shell, and remembers the server that knows it."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._servers: list[Server] = []

    def start(self) -> NotebookRecording:
        """Begin to search the notebook."""
        return NotebookRecording(
            executing_cell(self._shell),
            executed_cells(self._shell),
            connection_file(),
            named_path(self._shell),
            self._servers,
        )


class NotebookRecording:
    """A running search; `collect` returns its result."""

    def __init__(
        self,
        cell: ExecutingCell,
        executed: list[tuple[int, str]],
        connection: Path | None,
        path: str | None,
        known_servers: list[Server],
    ) -> None:
        self._cell = cell
        self._executed = executed
        self._connection = connection
        self._named_path = path
        self._known_servers = known_servers
        self._found: FoundNotebook | None = None
        self._done = threading.Event()
        if connection is None and path is None:
            self._done.set()  # a terminal: there is no notebook
        else:
            threading.Thread(target=self._look, name="gage notebook", daemon=True).start()

    def collect(self, deadline_s: float) -> dict[str, Any]:
        """Return the attributes `cell` and `notebook`, after waiting for at most `deadline_s`."""
        in_time = self._done.wait(max(deadline_s, 0))
        found = self._found
        if found is None and in_time:
            found = FoundNotebook({"absent": "this session does not belong to a notebook"})
        elif found is None:
            reason = f"the notebook was not found within {deadline_s * 1000:.0f} ms"
            found = FoundNotebook(self._named_path or {"absent": reason})
        return {"cell": self._cell_attr(), "notebook": self._notebook_attr(found)}

    def cancel(self) -> None:
        """Ignore the result of the search, which ends by itself."""

    def _cell_attr(self) -> dict[str, Any]:
        unknown = {"absent": "the code was sent without a place in the history of the session"}
        return {
            "number": unknown if self._cell.number is None else self._cell.number,
            "id": self._cell.id or {"absent": "the front end does not tell it"},
            "source": unknown if self._cell.source is None else self._cell.source,
        }

    def _notebook_attr(self, found: FoundNotebook) -> dict[str, Any]:
        attr: dict[str, Any] = {"path": found.path}
        if found.document is None:
            document, left_out = document_of(self._executed)
            attr.update(origin="executed cells", holds_cell=self._cell.source is not None)
            if found.reason:
                attr["saved"] = {"absent": found.reason}
            return attr | {"cells_left_out": left_out, "document": document}
        source = self._cell.source
        holds_cell = source is not None and holds_source(found.document, source)
        attr.update(origin=found.origin, saved=found.saved, holds_cell=holds_cell)
        attr.update(outputs_left_out=found.outputs_left_out, document=found.document)
        if not holds_cell:
            attr["executed"], attr["cells_left_out"] = document_of(self._executed)
        return attr

    # In the thread

    def _look(self) -> None:
        try:
            # The kernel has a path already, but that of the server may be newer.
            if self._named_path is not None:
                self._found = read_file(Path(self._named_path))
            for server in self._servers():
                path = server.notebook_of(kernel_id_of(self._connection))
                if path is None:
                    continue
                self._known_servers[:] = [server]
                local = Path(server.root_dir, path)
                found = read_file(local) if local.is_file() else server.read(path)
                if found.document is not None or self._found is None:
                    self._found = found
                break
        except Exception as error:  # noqa: BLE001 - an observer: whatever it meets, the run goes on
            if self._found is None:
                self._found = FoundNotebook(
                    self._named_path or absent_for(error), reason=str(error)
                )
        finally:
            self._done.set()

    def _servers(self) -> Iterator[Server]:
        if self._connection is None:
            return
        known = list(self._known_servers)
        yield from known
        for server in running_servers(self._connection.parent):
            if server not in known:
                yield server
