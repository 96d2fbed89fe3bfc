"""A real kernel, driven as a front end does: code in, messages out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

__all__ = ["WIDGET", "Kernel", "Message", "displays", "errors", "kinds", "printed", "updates"]

WIDGET = "application/vnd.jupyter.widget-view+json"
TIMEOUT_S = 60

Message: TypeAlias = dict[str, Any]


class Kernel:
    """A kernel, and what it says about each cell."""

    def __init__(self) -> None:
        self.manager = KernelManager()
        self.manager.start_kernel()
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT_S)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def process(self) -> psutil.Process:
        # The provisioner of a kernel on this machine has a pid, its base class has none.
        provisioner: Any = self.manager.provisioner
        return psutil.Process(provisioner.pid)

    def kill(self) -> None:
        """Kill the kernel with SIGKILL, as a machine that is out of memory does."""
        process = self.process()
        process.kill()
        process.wait(TIMEOUT_S)

    def restart(self) -> None:
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=TIMEOUT_S)

    def reply(self, request: str) -> Any:
        """Return the content of the reply to a request, a cell's for example."""
        while True:
            message = self.client.get_shell_msg(timeout=TIMEOUT_S)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]

    def complete(self, code: str) -> list[str]:
        return list(self.reply(self.client.complete(code, len(code)))["matches"])

    def start(self, code: str) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        # As JupyterLab does, and unlike `client.execute`: with the id of the cell.
        metadata = {"cellId": secrets.token_hex(4)}
        request = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(request)
        return str(request["header"]["msg_id"])

    def messages(self) -> Iterator[Message]:
        while True:
            yield self.client.get_iopub_msg(timeout=TIMEOUT_S)

    def until(self, found: Callable[[Message], object]) -> list[Message]:
        """Return the messages up to the first one that is looked for."""
        seen = []
        for message in self.messages():
            seen.append(message)
            if found(message):
                break
        return seen

    def rest(self, cell: str) -> list[Message]:
        found = []
        for message in self.messages():
            if message["parent_header"].get("msg_id") == cell:
                found.append(message)
                if message["content"].get("execution_state") == "idle":
                    break
        return found

    def run(self, code: str) -> list[Message]:
        return self.rest(self.start(code))

    def click(self, comm_id: str) -> None:
        data = {"method": "custom", "content": {"event": "click"}}
        content = {"comm_id": comm_id, "data": data}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))


def kinds(messages: list[Message]) -> list[str]:
    return [message["msg_type"] for message in messages]


def errors(messages: list[Message]) -> list[str]:
    return [each["content"]["ename"] for each in messages if each["msg_type"] == "error"]


def printed(messages: list[Message]) -> str:
    return "".join(each["content"]["text"] for each in messages if each["msg_type"] == "stream")


def displays(messages: list[Message]) -> list[dict[str, Any]]:
    return _bundles(messages, "display_data")


def updates(messages: list[Message]) -> list[dict[str, Any]]:
    """Return what displays were replaced with, those that were emptied left out."""
    return [each for each in _bundles(messages, "update_display_data") if each["text/plain"]]


def _bundles(messages: list[Message], kind: str) -> list[dict[str, Any]]:
    return [each["content"]["data"] for each in messages if each["msg_type"] == kind]
