"""Kernels and Jupyter servers whose notebooks are recorded."""

from __future__ import annotations

import json
import os
import queue
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]


TIMEOUT_S = 60.0


# What a magic does, written into the cell: the attributes are the last line of what is printed.
RECORD = """\
import json
from gage_nb.notebook_recording import NotebookRecorder
recorder = globals().get("recorder") or NotebookRecorder(get_ipython())
print(json.dumps(recorder.start().collect(30)))"""


class Kernel:
    """A kernel that a test gives cells to."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def execute(self, code: str, **options: Any) -> str:
        """Run a cell and return what it prints."""
        parts: list[str] = []

        def take(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream":
                parts.append(message["content"]["text"])
            assert message["msg_type"] != "error", message["content"]["traceback"]

        self._client.execute_interactive(code, output_hook=take, timeout=TIMEOUT_S, **options)
        return "".join(parts)

    def record(self, code: str = RECORD, **options: Any) -> dict[str, Any]:
        attrs = json.loads(self.execute(code, **options).splitlines()[-1])
        assert isinstance(attrs, dict)
        return attrs


@contextmanager
def running_kernel(connection_file: Path, **env: str) -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3", connection_file=str(connection_file))
    manager.start_kernel(env={**os.environ, "PYTHONPATH": str(ROOT), **env})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=TIMEOUT_S)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def wait_until_heard(client: BlockingKernelClient) -> None:
    """Wait for a kernel that somebody else starts.

    `wait_for_ready` takes a kernel that is slow to start for dead when it has no manager.
    """
    client.kernel_info(reply=True, timeout=TIMEOUT_S)
    while True:  # what it publishes is heard only some time after its replies
        client.kernel_info(reply=True, timeout=TIMEOUT_S)
        try:
            client.get_iopub_msg(timeout=0.5)
        except queue.Empty:
            continue
        return


class Server:
    """A Jupyter server with a directory of notebooks."""

    def __init__(self, port: int, token: str, runtime_dir: Path, root: Path) -> None:
        self.port = port
        self.runtime_dir = runtime_dir
        self.root = root
        self._token = token

    def request(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/sub/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self._token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            data = response.read()
        return json.loads(data) if data else None

    def is_announced(self) -> bool:
        """Return whether the file by which kernels find the server is there as a whole."""
        for path in self.runtime_dir.glob("jpserver-*.json"):
            with suppress(ValueError):
                return bool(json.loads(path.read_text()))
        return False

    def answers(self) -> bool:
        """Return whether the server answers a request."""
        try:
            self.request("GET", "api/status")
        except OSError:
            return False
        return True

    @contextmanager
    def notebook(self, name: str) -> Iterator[tuple[Kernel, str]]:
        """A notebook that is open, with its kernel; its session's id comes with it."""
        session = self.request(
            "POST",
            "api/sessions",
            {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}},
        )
        connection_file = self.runtime_dir / f"kernel-{session['kernel']['id']}.json"
        client = BlockingKernelClient(connection_file=str(connection_file))
        client.load_connection_file()
        client.start_channels(hb=False)
        try:
            wait_until_heard(client)
            yield Kernel(client), session["id"]
        finally:
            client.stop_channels()
            self.request("DELETE", f"api/sessions/{session['id']}")
