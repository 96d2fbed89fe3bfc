r"""The notebook that a kernel works for: which it is, and how it stood.

`NotebookRecorder.start` begins to look and `NotebookRecording.collect` gives two attributes for
the side-car, one JSON value each:

    cell      {"number": 5, "id": "3f1c…", "source": "%%gage_run fit\n…"}: the cell being executed,
              as it was typed
    notebook  {"path": "/home/me/demo.ipynb", "origin": "file", "saved": "2026-11-22T23:06:50Z",
               "holds_cell": true, "outputs_left_out": false, "document": {…}}

`origin` says what the document is: `file`, the notebook as it was last saved; `server`, the same
from the contents of the Jupyter server where the file is not to be reached; `executed cells`, made
from what this kernel was given so far, in that order. `holds_cell` tells whether the document has
the cell being executed, as it is executed: if not, the notebook has changes that were not saved,
and `executed` has the executed cells as a document of its own. Documents are in the notebook
format (nbformat). Above `MAX_DOCUMENT_BYTES` outputs are left out. What could not be had is
`{"absent": REASON}` in its place.

There is no single way to learn a notebook's path. The server knows it best, since it hears of
renaming; it is asked over loopback only. Then `__vsc_ipynb_file__` (VS Code), `__session__` and
`JPY_SESSION_NAME` (Jupyter, PyCharm). All of it happens in a thread, which `collect` does not wait
for when the time is over.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

__all__ = [
    "DEFAULT_DEADLINE_S",
    "MAX_DOCUMENT_BYTES",
    "ExecutingCell",
    "NotebookRecorder",
    "NotebookRecording",
    "executed_cells",
    "executing_cell",
]

DEFAULT_DEADLINE_S = 0.2
MAX_DOCUMENT_BYTES = 1_000_000
# Reading more than this would hold up the kernel, as parsing JSON lets nothing else run.
_MAX_READ_BYTES = 10_000_000
# For one answer of a server, in the thread that nobody waits for longer than the deadline.
_REQUEST_TIMEOUT_S = 1.0
_LOOPBACK = {"localhost": "127.0.0.1", "": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1"}  # noqa: S104 - what a server says it listens on
_LOOPBACK |= {"127.0.0.1": "127.0.0.1", "::": "::1", "::1": "::1"}


@dataclass(frozen=True)
class ExecutingCell:
    """The cell being executed: its number, its text as typed, and its id in the notebook.

    Each is None where it is not known: code that a front end sends without history has no number.
    """

    number: int | None
    source: str | None
    id: str | None


def executing_cell(shell: InteractiveShell) -> ExecutingCell:
    """Return the cell that the shell executes now.

    Not by `execution_count`: IPython 9 counts on before a cell is executed, IPython 8 after it.
    """
    number, source = len(_history(shell)) - 1, (_history(shell) or [""])[-1]
    # A kernel has the request itself, which may be kept out of the history.
    request = (shell.get_parent() or {}) if hasattr(shell, "get_parent") else {}
    content, metadata = request.get("content") or {}, request.get("metadata") or {}
    in_history = number > 0
    if "code" in content:
        # The history keeps a cell without the line breaks at its end.
        in_history = content.get("store_history", True) and content["code"].rstrip("\n") == source
        source = content["code"]
    cell_id = metadata.get("cellId")
    return ExecutingCell(
        number=number if in_history else None,
        source=source or None,
        id=cell_id if isinstance(cell_id, str) else None,
    )


def executed_cells(shell: InteractiveShell) -> list[tuple[int, str]]:
    """Return number and text, as typed, of the cells this kernel was given, in their order."""
    return [(number, source) for number, source in enumerate(_history(shell)) if source.strip()]


def _history(shell: InteractiveShell) -> list[str]:
    manager = shell.history_manager
    return [] if manager is None else list(manager.input_hist_raw)


class NotebookRecorder:
    """Finds the notebook of one shell; remembers which server knows it."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._servers: list[_Server] = []

    def start(self) -> NotebookRecording:
        """Begin to look for the notebook, as it stands now."""
        return NotebookRecording(
            executing_cell(self._shell),
            executed_cells(self._shell),
            _connection_file(),
            _named_path(self._shell),
            self._servers,
        )


class NotebookRecording:
    """A search that has begun; `collect` takes what it has found."""

    def __init__(
        self,
        cell: ExecutingCell,
        executed: list[tuple[int, str]],
        connection_file: Path | None,
        named_path: str | None,
        known_servers: list[_Server],
    ) -> None:
        self._cell = cell
        self._executed = executed
        self._connection_file = connection_file
        self._named_path = named_path
        self._known_servers = known_servers
        self._found: _Found | None = None
        self._done = threading.Event()
        if connection_file is None and named_path is None:
            self._done.set()  # a terminal: there is no notebook, and nobody to ask
        else:
            threading.Thread(target=self._look, name="gage notebook", daemon=True).start()

    def collect(self, deadline_s: float = DEFAULT_DEADLINE_S) -> dict[str, Any]:
        """Return the attributes `cell` and `notebook`, after at most `deadline_s` of waiting."""
        in_time = self._done.wait(max(deadline_s, 0))
        found = self._found
        if found is None and in_time:
            found = _Found({"absent": "this session does not belong to a notebook"})
        elif found is None:
            reason = f"the notebook was not found within {deadline_s * 1000:.0f} ms"
            found = _Found(self._named_path or {"absent": reason})
        return {"cell": self._cell_attr(), "notebook": self._notebook_attr(found)}

    def cancel(self) -> None:
        """Take nothing any more; the search ends by itself."""

    def _cell_attr(self) -> dict[str, Any]:
        unknown = {"absent": "the code was sent without a place in the history of the session"}
        return {
            "number": unknown if self._cell.number is None else self._cell.number,
            "id": self._cell.id or {"absent": "the front end does not tell it"},
            "source": unknown if self._cell.source is None else self._cell.source,
        }

    def _notebook_attr(self, found: _Found) -> dict[str, Any]:
        attr: dict[str, Any] = {"path": found.path}
        if found.document is None:
            document, left_out = _document_of(self._executed)
            attr.update(origin="executed cells", holds_cell=self._cell.source is not None)
            if found.reason:
                attr["saved"] = {"absent": found.reason}
            return attr | {"cells_left_out": left_out, "document": document}
        holds_cell = _holds(found.document, self._cell)
        attr.update(origin=found.origin, saved=found.saved, holds_cell=holds_cell)
        attr.update(outputs_left_out=found.outputs_left_out, document=found.document)
        if not holds_cell:
            attr["executed"], attr["cells_left_out"] = _document_of(self._executed)
        return attr

    # In the thread

    def _look(self) -> None:
        try:
            # The path that the kernel was given is at hand; what the server knows is newer.
            if self._named_path is not None:
                self._found = _read_file(Path(self._named_path))
            for server in self._servers():
                path = server.notebook_of(_kernel_id(self._connection_file))
                if path is None:
                    continue
                self._known_servers[:] = [server]
                local = Path(server.root_dir, path)
                found = _read_file(local) if local.is_file() else server.read(path)
                if found.document is not None or self._found is None:
                    self._found = found
                break
        except Exception as error:  # noqa: BLE001 - an observer: whatever it meets, the run goes on
            if self._found is None:
                self._found = _Found(self._named_path or _absent_for(error), reason=str(error))
        finally:
            self._done.set()

    def _servers(self) -> Iterator[_Server]:
        if self._connection_file is None:
            return
        known = list(self._known_servers)
        yield from known
        for server in _running_servers(self._connection_file.parent):
            if server not in known:
                yield server


@dataclass(frozen=True)
class _Found:
    """What a search found: the document is None where there is none, `reason` says why."""

    path: str | dict[str, str]
    origin: str = ""
    saved: str | dict[str, str] = ""
    document: dict[str, Any] | None = None
    outputs_left_out: bool = False
    reason: str = ""


def _absent_for(error: Exception) -> dict[str, str]:
    return {"absent": f"{type(error).__name__}: {error}"}


# Where the notebook is


def _connection_file() -> Path | None:
    """Return the file that this process, when it is a kernel, was started with."""
    module = sys.modules.get("ipykernel.kernelapp")
    if module is None or not module.IPKernelApp.initialized():
        return None
    path = Path(module.IPKernelApp.instance().abs_connection_file)
    return path if path.name.startswith("kernel-") else None


def _kernel_id(connection_file: Path | None) -> str:
    return "" if connection_file is None else connection_file.stem.removeprefix("kernel-")


def _named_path(shell: InteractiveShell) -> str | None:
    """Return the path that the front end left in the namespace or the environment."""
    for name in (
        shell.user_ns.get("__vsc_ipynb_file__"),
        shell.user_ns.get("__session__"),
        os.environ.get("JPY_SESSION_NAME"),
    ):
        # A session of a console has a name too, that of no file.
        if isinstance(name, str) and name.endswith(".ipynb"):
            return str(Path(name).absolute())
    return None


def _read_file(path: Path) -> _Found:
    try:
        status = path.stat()
        if status.st_size > _MAX_READ_BYTES:
            return _Found(str(path), reason=f"the notebook has {status.st_size:,} bytes: too many")
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        return _Found(str(path), reason=f"{type(error).__name__}: {error}")
    saved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(status.st_mtime))
    return _found_document(str(path), "file", saved, document)


def _found_document(path: str, origin: str, saved: str, document: Any) -> _Found:
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return _Found(path, reason="it is not a notebook of format 4")
    if _size_bytes(document) <= MAX_DOCUMENT_BYTES:
        return _Found(path, origin, saved, document)
    document = _without_outputs(document)
    size_bytes = _size_bytes(document)
    if size_bytes > MAX_DOCUMENT_BYTES:
        return _Found(path, reason=f"the notebook has {size_bytes:,} bytes without its outputs")
    return _Found(path, origin, saved, document, outputs_left_out=True)


@dataclass(frozen=True)
class _Server:
    """A Jupyter server of this user on this machine, from the file it writes when it starts."""

    host: str
    port: int
    secure: bool
    base_url: str
    token: str
    root_dir: str

    def notebook_of(self, kernel_id: str) -> str | None:
        """Return the path, below the server's root, of the notebook that has this kernel."""
        for session in self._get("api/sessions") or ():
            if session["kernel"] and session["kernel"]["id"] == kernel_id:
                return str(session["path"]) if session["type"] == "notebook" else None
        return None

    def read(self, path: str) -> _Found:
        """Return the notebook as the server has it."""
        from urllib.parse import quote

        model = self._get(f"api/contents/{quote(path)}?type=notebook&content=1")
        if not model:
            return _Found(path, reason="the server does not give its content")
        saved = str(model["last_modified"]).replace("+00:00", "Z")
        return _found_document(path, "server", saved, model["content"])

    def _get(self, what: str) -> Any:
        from http.client import HTTPConnection, HTTPSConnection

        if self.secure:
            import ssl

            # Its certificate is of its own making as a rule, and this machine is who it says it is.
            context = ssl._create_unverified_context()  # noqa: S323, SLF001
            connection: HTTPConnection = HTTPSConnection(
                self.host, self.port, timeout=_REQUEST_TIMEOUT_S, context=context
            )
        else:
            connection = HTTPConnection(self.host, self.port, timeout=_REQUEST_TIMEOUT_S)
        headers = {"Authorization": f"token {self.token}"} if self.token else {}
        try:
            connection.request("GET", self.base_url + what, headers=headers)
            response = connection.getresponse()
            data = response.read(_MAX_READ_BYTES + 1)
        finally:
            connection.close()
        if response.status != 200 or len(data) > _MAX_READ_BYTES:
            return None
        return json.loads(data)


def _running_servers(runtime_dir: Path) -> list[_Server]:
    """Return the servers that live, the one that started this process first."""
    found: list[tuple[bool, _Server]] = []
    for path in runtime_dir.glob("jpserver-*.json"):
        try:
            info = json.loads(path.read_bytes())
            pid = int(info["pid"])
            if os.name == "posix":
                os.kill(pid, 0)  # on Windows this would be an interrupt
            server = _Server(
                _LOOPBACK[info["hostname"]],
                int(info["port"]),
                bool(info["secure"]),
                str(info["base_url"]),
                str(info["token"]),
                str(info["root_dir"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another's, dead, being written, or not listening on loopback
        if server.port:
            found.append((pid != os.getppid(), server))
    return [server for _, server in sorted(found, key=lambda item: item[0])]


# Documents


def _without_outputs(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without outputs, attachments and the state of widgets."""
    cells = []
    for cell in document["cells"]:
        kept = {key: value for key, value in cell.items() if key != "attachments"}
        if "outputs" in kept:
            kept["outputs"] = []
        cells.append(kept)
    metadata = dict(document.get("metadata") or {})
    metadata.pop("widgets", None)
    return {**document, "metadata": metadata, "cells": cells}


def _size_bytes(document: dict[str, Any]) -> int:
    return len(json.dumps(document))


def _holds(document: dict[str, Any], cell: ExecutingCell) -> bool:
    if cell.source is None:
        return False
    wanted = cell.source.strip()
    return any(
        _text(candidate.get("source")).strip() == wanted
        for candidate in document["cells"]
        if isinstance(candidate, dict)
    )


def _text(source: Any) -> str:
    """Return a text of a notebook, which may be written as a list of its lines."""
    return "".join(source) if isinstance(source, list) else str(source)


def _document_of(executed: list[tuple[int, str]]) -> tuple[dict[str, Any], int]:
    """Return a notebook of executed cells, and how many of the oldest did not find room.

    Written by hand: nbformat takes 100 ms to import, and a kernel need not have it.
    """
    cells: list[dict[str, Any]] = []
    room = MAX_DOCUMENT_BYTES
    for number, source in reversed(executed):
        room -= len(source.encode("utf-8", "surrogatepass")) + 200
        if room < 0:
            break
        cells.append(
            {
                "cell_type": "code",
                "execution_count": number,
                "id": f"executed-{number}",
                "metadata": {},
                "outputs": [],
                "source": source,
            }
        )
    version = ".".join(map(str, sys.version_info[:3]))
    document = {
        "cells": cells[::-1],
        "metadata": {"language_info": {"name": "python", "version": version}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return document, len(executed) - len(cells)
