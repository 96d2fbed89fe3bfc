"""Which notebook a kernel works for, with real kernels and a real Jupyter server."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from gage_nb.notebook_document import MAX_DOCUMENT_BYTES
from tests.gage_nb.servers import RECORD, ROOT, TIMEOUT_S, Server, running_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    base = tmp_path_factory.mktemp("server")
    root, runtime_dir = base / "root", base / "runtime"
    root.mkdir()
    token = secrets.token_hex(8)
    env = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
    env |= {
        "HOME": str(base),
        "JUPYTER_RUNTIME_DIR": str(runtime_dir),
        "JUPYTER_CONFIG_DIR": str(base / "config"),
        "IPYTHONDIR": str(base / "ipython"),
        "PYTHONPATH": str(ROOT),
        # A proxy must not hear of a request to this machine.
        "http_proxy": "http://127.0.0.1:9",
    }
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.base_url=/sub/"),
            *(f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"),
        ],
        env=env,
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        url = next(
            filter(
                None,
                (re.search(r"http://127\.0\.0\.1:(\d+)/sub/", line) for line in process.stderr),
            )
        )
        # What it goes on to say must not fill the pipe.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        started = Server(int(url[1]), token, runtime_dir, root)
        # That line comes before it listens, and its file of the runtime directory before or after.
        while not (started.is_announced() and started.answers()):
            assert process.poll() is None
            time.sleep(0.01)
        yield started
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


def write_notebook(path: Path, *sources: str, output_bytes: int = 0) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if output_bytes:
        output = nbformat.v4.new_output("stream", text="x" * output_bytes)
        cells[0]["outputs"] = [output]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def sources_of(document: dict[str, Any]) -> list[str]:
    nbformat.validate(document)
    return ["".join(cell["source"]) for cell in document["cells"]]


# With a server


def test_notebook_of_a_server_is_found_and_read(server: Server) -> None:
    path = server.root / "in dir" / "démo 1.ipynb"
    write_notebook(path, "x = 1", RECORD)

    with server.notebook("in dir/démo 1.ipynb") as (kernel, _):
        kernel.execute("x = 1")
        attrs = kernel.record()

    found = attrs["notebook"]
    assert found["path"] == str(path)
    assert found["origin"] == "file"
    assert found["holds_cell"] is True
    assert "executed" not in found
    assert found["document"] == json.loads(path.read_text())
    assert attrs["cell"]["number"] == 2
    assert attrs["cell"]["source"] == RECORD


def test_renamed_notebook_is_found_under_its_new_name(server: Server) -> None:
    write_notebook(server.root / "before.ipynb", RECORD)

    with server.notebook("before.ipynb") as (kernel, session):
        kernel.record()
        server.request("PATCH", "api/contents/before.ipynb", {"path": "after.ipynb"})
        server.request("PATCH", f"api/sessions/{session}", {"path": "after.ipynb"})
        attrs = kernel.record()

    assert attrs["notebook"]["path"] == str(server.root / "after.ipynb")


def test_changes_that_were_not_saved_are_told_and_kept(server: Server) -> None:
    write_notebook(server.root / "unsaved.ipynb", "print('as saved')")

    with server.notebook("unsaved.ipynb") as (kernel, _):
        kernel.execute("edited = 1")
        attrs = kernel.record()

    found = attrs["notebook"]
    assert found["origin"] == "file"
    assert found["holds_cell"] is False
    assert sources_of(found["document"]) == ["print('as saved')"]
    assert sources_of(found["executed"]) == ["edited = 1", RECORD]


def test_server_is_asked_for_the_content_when_the_file_is_out_of_reach(server: Server) -> None:
    """As where the server keeps notebooks elsewhere: the root it tells is not this machine's."""
    write_notebook(server.root / "far.ipynb", RECORD)
    elsewhere = RECORD.replace(
        "recorder = ",
        "import gage_nb.notebook_recording as n\nn.Path.is_file = lambda _: False\nrecorder = ",
    )

    with server.notebook("far.ipynb") as (kernel, _):
        kernel.execute("import os; os.environ.pop('JPY_SESSION_NAME'); __session__ = None")
        attrs = kernel.record(elsewhere)

    assert attrs["notebook"]["path"] == "far.ipynb"
    assert attrs["notebook"]["origin"] == "server"
    assert attrs["notebook"]["saved"].endswith("Z")
    assert sources_of(attrs["notebook"]["document"]) == [RECORD]


def test_outputs_are_left_out_of_a_large_notebook(server: Server) -> None:
    write_notebook(server.root / "large.ipynb", RECORD, output_bytes=MAX_DOCUMENT_BYTES + 1)

    with server.notebook("large.ipynb") as (kernel, _):
        found = kernel.record()["notebook"]

    assert found["outputs_left_out"] is True
    assert sources_of(found["document"]) == [RECORD]
    assert found["document"]["cells"][0]["outputs"] == []


def test_a_notebook_too_large_even_without_outputs(server: Server) -> None:
    write_notebook(server.root / "huge.ipynb", "#" * MAX_DOCUMENT_BYTES)

    with server.notebook("huge.ipynb") as (kernel, _):
        found = kernel.record()["notebook"]

    assert found["path"] == str(server.root / "huge.ipynb")
    assert found["origin"] == "executed cells"
    assert "without its outputs" in found["saved"]["absent"]
    assert sources_of(found["document"]) == [RECORD]


def test_a_server_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    write_notebook(tmp_path / "mine.ipynb", RECORD)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        info = {
            "hostname": "127.0.0.1",
            "port": silent.getsockname()[1],
            "pid": os.getpid(),
            "secure": False,
            "base_url": "/",
            "token": "",
            "root_dir": str(tmp_path),
        }
        (tmp_path / "jpserver-1.json").write_text(json.dumps(info))
        (tmp_path / "jpserver-2.json").write_text("torn {")
        with running_kernel(tmp_path / "kernel-abc.json") as kernel:
            unnamed = kernel.record(RECORD.replace("collect(30)", "collect(0.05)"))
            named = kernel.record(
                "__session__ = 'mine.ipynb'\n"
                f"import os; os.chdir({str(tmp_path)!r})\n"
                + RECORD.replace(
                    "recorder.start().collect(30)",
                    "(lambda recording: [recording._done.wait(0.2), recording.collect(0)][1])"
                    "(recorder.start())",
                )
            )

    assert unnamed["notebook"]["path"] == {"absent": "the notebook was not found within 50 ms"}
    assert unnamed["notebook"]["origin"] == "executed cells"
    assert named["notebook"]["path"] == str(tmp_path / "mine.ipynb")


# Without a server


def test_kernel_without_a_notebook_records_its_executed_cells(tmp_path: Path) -> None:
    with running_kernel(tmp_path / "any.json") as kernel:
        kernel.execute("%who\n")
        kernel.execute("silent = 1", store_history=False)
        attrs = kernel.record(RECORD + "\n")
        without_history = kernel.record(store_history=False)

    found = attrs["notebook"]
    assert found["path"] == {"absent": "this session does not belong to a notebook"}
    assert found["origin"] == "executed cells"
    assert found["holds_cell"] is True
    assert sources_of(found["document"]) == ["%who", RECORD]
    assert [cell["execution_count"] for cell in found["document"]["cells"]] == [1, 2]
    assert attrs["cell"]["number"] == 2
    assert "absent" in without_history["cell"]["number"]
    assert without_history["cell"]["source"] == RECORD


@pytest.mark.parametrize("name", ["__vsc_ipynb_file__", "__session__", "JPY_SESSION_NAME"])
def test_path_that_the_front_end_leaves(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.ipynb"
    write_notebook(path, RECORD)
    env = {name: str(path)} if name.isupper() else {}

    with running_kernel(tmp_path / "any.json", **env) as kernel:
        if not env:
            kernel.execute(f"{name} = {str(path)!r}")
        found = kernel.record()["notebook"]

    assert (found["path"], found["origin"]) == (str(path), "file")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "FileNotFoundError"), ("{", "JSONDecodeError"), ("[]", "not a notebook")],
)
def test_a_named_notebook_that_cannot_be_read(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    path = tmp_path / "mine.ipynb"
    if content is not None:
        path.write_text(content)

    with running_kernel(tmp_path / "any.json", JPY_SESSION_NAME=str(path)) as kernel:
        found = kernel.record()["notebook"]

    assert found["path"] == str(path)
    assert reason in found["saved"]["absent"]
    assert sources_of(found["document"]) == [RECORD]


def test_the_front_ends_id_of_the_cell_is_recorded(tmp_path: Path) -> None:
    with running_kernel(tmp_path / "any.json") as kernel:
        kernel.execute(f"import os; os.chdir({str(tmp_path)!r})")
        code = RECORD.replace("print(", "open('out.json', 'w').write(")
        client = kernel._client
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        client.shell_channel.send(
            client.session.msg("execute_request", content, metadata={"cellId": "cell-7"})
        )
        kernel.execute("pass")

    attrs = json.loads((tmp_path / "out.json").read_text())
    assert attrs["cell"]["id"] == "cell-7"


def test_a_plain_ipython_has_no_notebook(tmp_path: Path) -> None:
    output = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--no-confirm-exit", "-c", RECORD],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    ).stdout

    attrs = json.loads(output.splitlines()[-1])
    assert attrs["notebook"]["path"] == {"absent": "this session does not belong to a notebook"}
    assert attrs["notebook"]["origin"] == "executed cells"
