"""JupyterLab on a free port, with directories of its own."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Server", "running_server"]

_START_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Server:
    """A JupyterLab that serves the notebooks of `directory`; kernels run with `env`."""

    url: str
    token: str
    directory: Path
    env: Mapping[str, str]
    log_path: Path
    has_kernels: bool


@contextmanager
def running_server(
    directory: Path,
    private: Path,
    *,
    env: Mapping[str, str] | None = None,
    kernels: bool = True,
) -> Iterator[Server]:
    """Start JupyterLab on a free port and stop it, with its kernels, at the end.

    Parameters
    ----------
    directory
        Holds the notebooks; where kernels start.
    private
        Where the server keeps its settings, its log and the home directory of kernels.
    env
        Added to the environment of the server and so of its kernels.
    kernels
        Without kernels, a notebook opens as one that is only looked at.
    """
    token = secrets.token_hex(16)
    directory.mkdir(parents=True, exist_ok=True)
    log_path = private / "jupyterlab.log"
    full_env = {**os.environ, **_private_directories(private), **(env or {})}
    argv = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={directory}",
        # Lets the tests hear when a command is done, as JupyterLab's own tests do.
        "--LabApp.expose_app_in_browser=True",
        "--LanguageServerManager.autodetect=False",
        *(() if kernels else _NO_KERNELS),
    ]
    _refuse_news(private / "settings")
    process = subprocess.Popen(
        argv,
        cwd=directory,
        env=full_env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    log = _Log(process, log_path)
    try:
        url = log.wait_for_url(_START_TIMEOUT_S)
        yield Server(url, token, directory, full_env, log_path, kernels)
    finally:
        _stop(process)
        log.close()


_NO_KERNELS = (
    "--KernelSpecManager.allowed_kernelspecs=none",
    "--KernelSpecManager.ensure_native_kernel=False",
)


class _Log:
    """Reads what the server prints: keeps it in a file, and hears the URL."""

    def __init__(self, process: subprocess.Popen[str], path: Path) -> None:
        self._process = process
        self._path = path
        self._url: str | None = None
        self._heard = threading.Event()
        self._thread = threading.Thread(target=self._read, name="jupyterlab-log")
        self._thread.start()

    def wait_for_url(self, timeout_s: float) -> str:
        self._heard.wait(timeout_s)
        if self._url is None:
            self._process.kill()
            self._thread.join()
            raise RuntimeError(f"JupyterLab did not start:\n{self._path.read_text()}")
        return self._url

    def close(self) -> None:
        self._thread.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines, self._path.open("w") as file:
            for line in lines:
                file.write(line)
                file.flush()
                found = re.search(r"(http://127\.0\.0\.1:\d+)/lab", line)
                if found and self._url is None:
                    self._url = found[1]
                    self._heard.set()
        self._heard.set()


def _private_directories(private: Path) -> dict[str, str]:
    names = {
        "HOME": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
    }
    for name in names.values():
        (private / name).mkdir(parents=True, exist_ok=True)
    return {variable: str(private / name) for variable, name in names.items()}


def _refuse_news(settings: Path) -> None:
    """Answer the question for news beforehand: its window would cover the page."""
    directory = settings / "@jupyterlab" / "apputils-extension"
    directory.mkdir(parents=True, exist_ok=True)
    answers = {"fetchNews": "false", "checkForUpdates": False}
    (directory / "notification.jupyterlab-settings").write_text(json.dumps(answers))


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
