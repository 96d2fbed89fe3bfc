"""Finding the notebook of a kernel and reading it.

There is no single way to find a notebook's path. The server knows it best, since it knows of
renaming; only servers on the loopback interface are asked. Then come `__vsc_ipynb_file__` (VS
Code), `__session__` and `JPY_SESSION_NAME` (Jupyter, PyCharm).
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gage_nb.notebook_document import MAX_DOCUMENT_BYTES, size_bytes_of, without_outputs

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = [
    "FoundNotebook",
    "Server",
    "absent_for",
    "connection_file",
    "kernel_id_of",
    "named_path",
    "read_file",
    "running_servers",
]

# Reading more than this would hold up the kernel, as parsing JSON lets nothing else run.
_MAX_READ_BYTES = 10_000_000
# For one answer of a server, in the thread that nobody waits for longer than the deadline.
_REQUEST_TIMEOUT_S = 5.0
_LOOPBACK = {"localhost": "127.0.0.1", "": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1"}  # noqa: S104 - what a server says it listens on
_LOOPBACK |= {"127.0.0.1": "127.0.0.1", "::": "::1", "::1": "::1"}


@dataclass(frozen=True)
class FoundNotebook:
    """The result of a search: if `document` is None, `reason` says why."""

    path: str | dict[str, str]
    origin: str = ""
    saved: str | dict[str, str] = ""
    document: dict[str, Any] | None = None
    outputs_left_out: bool = False
    reason: str = ""


def absent_for(error: Exception) -> dict[str, str]:
    """Return the record of a value that is not available because of an error."""
    return {"absent": f"{type(error).__name__}: {error}"}


def connection_file() -> Path | None:
    """Return the connection file of this process, if it is a kernel."""
    module = sys.modules.get("ipykernel.kernelapp")
    if module is None or not module.IPKernelApp.initialized():
        return None
    path = Path(module.IPKernelApp.instance().abs_connection_file)
    return path if path.name.startswith("kernel-") else None


def kernel_id_of(connection: Path | None) -> str:
    """Return the server's id of the kernel with a connection file."""
    return "" if connection is None else connection.stem.removeprefix("kernel-")


def named_path(shell: InteractiveShell) -> str | None:
    """Return the path that the front end has put into the namespace or the environment."""
    for name in (
        shell.user_ns.get("__vsc_ipynb_file__"),
        shell.user_ns.get("__session__"),
        os.environ.get("JPY_SESSION_NAME"),
    ):
        # A session of a console has a name too, which is not that of a file.
        if isinstance(name, str) and name.endswith(".ipynb"):
            return str(Path(name).absolute())
    return None


def read_file(path: Path) -> FoundNotebook:
    """Return the notebook of a file, as it was last saved."""
    try:
        status = path.stat()
        if status.st_size > _MAX_READ_BYTES:
            return FoundNotebook(
                str(path), reason=f"the notebook has {status.st_size:,} bytes: too many"
            )
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        return FoundNotebook(str(path), reason=f"{type(error).__name__}: {error}")
    saved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(status.st_mtime))
    return _found_document(str(path), "file", saved, document)


def _found_document(path: str, origin: str, saved: str, document: Any) -> FoundNotebook:
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        return FoundNotebook(path, reason="it is not a notebook of format 4")
    if size_bytes_of(document) <= MAX_DOCUMENT_BYTES:
        return FoundNotebook(path, origin, saved, document)
    document = without_outputs(document)
    size_bytes = size_bytes_of(document)
    if size_bytes > MAX_DOCUMENT_BYTES:
        return FoundNotebook(
            path, reason=f"the notebook has {size_bytes:,} bytes without its outputs"
        )
    return FoundNotebook(path, origin, saved, document, outputs_left_out=True)


@dataclass(frozen=True)
class Server:
    """A Jupyter server of this user on this machine, from the file that it writes at its start."""

    host: str
    port: int
    secure: bool
    base_url: str
    token: str
    root_dir: str

    def notebook_of(self, kernel_id: str) -> str | None:
        """Return the path, below the server's root, of the notebook with this kernel."""
        for session in self._get("api/sessions") or ():
            if session["kernel"] and session["kernel"]["id"] == kernel_id:
                return str(session["path"]) if session["type"] == "notebook" else None
        return None

    def read(self, path: str) -> FoundNotebook:
        """Return the server's version of the notebook."""
        from urllib.parse import quote

        model = self._get(f"api/contents/{quote(path)}?type=notebook&content=1")
        if not model:
            return FoundNotebook(path, reason="the server does not give its content")
        saved = str(model["last_modified"]).replace("+00:00", "Z")
        return _found_document(path, "server", saved, model["content"])

    def _get(self, what: str) -> Any:
        from http.client import HTTPConnection, HTTPSConnection

        if self.secure:
            import ssl

            # Its certificate is usually self-signed, and this machine needs no proof of identity.
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


def running_servers(runtime_dir: Path) -> list[Server]:
    """Return the running servers, first the one that started this process."""
    found: list[tuple[bool, Server]] = []
    for path in runtime_dir.glob("jpserver-*.json"):
        try:
            info = json.loads(path.read_bytes())
            pid = int(info["pid"])
            os.kill(pid, 0)
            server = Server(
                _LOOPBACK[info["hostname"]],
                int(info["port"]),
                bool(info["secure"]),
                str(info["base_url"]),
                str(info["token"]),
                str(info["root_dir"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # of another user, dead, being written, or not on the loopback interface
        if server.port:
            found.append((pid != os.getppid(), server))
    return [server for _, server in sorted(found, key=lambda item: item[0])]
