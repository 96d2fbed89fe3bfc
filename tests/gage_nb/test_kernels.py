"""The magics in real kernels: what is interrupted, killed, restarted, and what stays of it."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pexpect
import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import gage
from gage._internal.operations.options import option_names
from tests.kernels import WIDGET, Kernel, displays, errors, kinds, printed, updates
from tests.making import wait_until

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch, project: Path, runs_home: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (project / "hi.py").write_text("lr = 0.1\nprint('hi', lr)\n")


@pytest.fixture(autouse=True)
def bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipe through which a run says that it goes on; named by `BELL`."""
    path = tmp_path / "bell"
    os.mkfifo(path)
    monkeypatch.setenv("BELL", str(path))
    return path


def started_kernel() -> Kernel:
    kernel = Kernel()
    assert not errors(kernel.run("import gage\n%load_ext gage_nb"))
    return kernel


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = started_kernel()
    try:
        yield kernel
    finally:
        kernel.close()


def notebook(*cells: str) -> Any:
    sources = ("import gage\n%load_ext gage_nb", *cells)
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in sources])


def last_text(messages: list[dict[str, Any]]) -> str:
    return str(updates(messages)[-1]["text/plain"])


RING = "open(os.environ['BELL'], 'w').write(' '.join(map(str, pids)))\n"

# A child and a grandchild, which do not end by themselves.
TREE = (
    """\
import os, subprocess, sys, threading
if len(sys.argv) < 2:
    child = subprocess.Popen([sys.executable, __file__, "1"], stdout=subprocess.PIPE, text=True)
    pids = [os.getpid(), child.pid, child.stdout.readline()]
    print("goes on", flush=True)
    """
    + RING
    + """\
elif sys.argv[1] == "1":
    grandchild = subprocess.Popen([sys.executable, __file__, "2"])
    print(grandchild.pid, flush=True)
threading.Event().wait()
"""
)


# Interrupting


def test_an_interrupt_ends_the_run_with_all_its_processes(
    kernel: Kernel, project: Path, bell: Path
) -> None:
    (project / "tree.py").write_text(TREE)
    cell = kernel.start("%gage_run tree.py --as r")
    processes = [psutil.Process(int(pid)) for pid in bell.read_text().split()]
    assert len(processes) == 3

    kernel.manager.interrupt_kernel()

    messages = kernel.rest(cell)
    (error,) = [each["content"] for each in messages if each["msg_type"] == "error"]
    assert error["ename"] == "KeyboardInterrupt"
    assert error["traceback"] == ["KeyboardInterrupt"]
    assert "stopped by you" in last_text(messages)
    assert not psutil.wait_procs(processes, TIMEOUT_S)[1]
    assert printed(kernel.run("print(r.status, r.full_status.reason)")).startswith(
        "terminated stopped by interrupt"
    )
    assert not errors(kernel.run("%gage_run hi.py"))


def test_an_interrupt_of_a_quiet_run_stops_it_too(
    kernel: Kernel, project: Path, bell: Path
) -> None:
    (project / "tree.py").write_text(TREE)
    cell = kernel.start("%gage_run tree.py --quiet")
    processes = [psutil.Process(int(pid)) for pid in bell.read_text().split()]

    kernel.manager.interrupt_kernel()

    messages = kernel.rest(cell)
    assert errors(messages) == ["KeyboardInterrupt"]
    assert not displays(messages)
    assert not psutil.wait_procs(processes, TIMEOUT_S)[1]
    assert gage.find().status == "terminated"


def test_a_run_in_the_background_is_not_interrupted(
    kernel: Kernel, project: Path, bell: Path
) -> None:
    (project / "tree.py").write_text(TREE)
    kernel.run("%gage_run tree.py --bg")
    bell.read_text()
    cell = kernel.start("print('busy', flush=True)\nimport threading; threading.Event().wait()")
    for message in kernel.messages():
        if message["msg_type"] == "stream":
            break

    kernel.manager.interrupt_kernel()

    assert errors(kernel.rest(cell)) == ["KeyboardInterrupt"]
    assert gage.find().status == "running"
    assert not errors(kernel.run("%gage stop"))
    assert gage.find().status == "terminated"


def test_an_interrupt_of_attach_leaves_the_run_alone(
    kernel: Kernel, project: Path, bell: Path
) -> None:
    (project / "tree.py").write_text(TREE)
    run = gage.run("tree.py", background=True)
    bell.read_text()
    cell = kernel.start("%gage attach")
    for message in kernel.messages():
        if message["msg_type"] == "comm_open":
            break

    kernel.manager.interrupt_kernel()

    messages = kernel.rest(cell)
    assert errors(messages) == ["KeyboardInterrupt"]
    assert "running" in last_text(messages)
    assert run.status == "running"
    run.stop()


# Kernels that go

OUT = [b"line \xc3\xa9\n", b"\xff\xfe\x00 raw\n", b"10%\r50%\r100%\n", b"\x1b[31mred\x1b[0m\n"]
ERR = [b"warning: \xe2\x9c\x94\n", b"no end of line"]
TALK = (
    f"""\
import os
out, err = {OUT * 50!r}, {ERR!r}
for data in out[:100]:
    os.write(1, data)
pids = [os.getpid()]
"""
    + RING
    + """\
open(os.environ["BELL"]).read()
for data in out[100:]:
    os.write(1, data)
for data in err:
    os.write(2, data)
"""
)


def check_output(run: gage.RecordedRun) -> None:
    """Compare what was captured with what the program wrote, byte for byte."""
    found = {0: b"", 1: b""}
    for line in run.output().lines():
        found[line.stream] += line.data
    assert found == {0: b"".join(OUT * 50), 1: b"".join(ERR)}
    assert Path(run.output().path).stat().st_size == len(found[0]) + len(found[1])


@pytest.mark.parametrize("option", ["", "--bg"], ids=["blocking", "background"])
def test_a_run_outlives_its_kernel_and_is_shown_by_the_next(
    option: str, project: Path, bell: Path
) -> None:
    (project / "talk.py").write_text(TALK)
    first = started_kernel()
    try:
        first.start(f"%gage_run talk.py {option}")
        bell.read_text()
        first.kill()
    finally:
        first.close()
    run = gage.find()
    assert run.status == "running"

    second = started_kernel()
    try:
        cell = second.start("%gage attach")
        messages = []
        for message in second.messages():
            messages.append(message)
            if message["msg_type"] == "comm_open":
                break
        bell.write_text("")
        messages += second.rest(cell)
    finally:
        second.close()

    assert "running" in displays(messages)[0]["text/plain"]
    assert "100%" in displays(messages)[0]["text/plain"]
    text = last_text(messages)
    assert "completed" in text
    assert "! no end of line" in text
    check_output(run)
    assert run.verify() == []


def test_a_kernel_that_is_restarted_leaves_its_run_alone(
    kernel: Kernel, project: Path, bell: Path
) -> None:
    (project / "talk.py").write_text(TALK)
    kernel.run("%gage_run talk.py --bg")
    bell.read_text()

    kernel.restart()

    run = gage.find()
    assert run.status == "running"
    bell.write_text("")
    assert not errors(kernel.run("%load_ext gage_nb\n%gage attach"))
    assert run.status == "completed"
    check_output(run)


@pytest.mark.parametrize("restart", [True, False], ids=["restart", "shutdown"])
@pytest.mark.parametrize(
    "code",
    [
        "%gage_run talk.py",
        "%gage_run talk.py --quiet",
        "gage.run('talk.py')",
        "%gage_run talk.py x=[1]",
    ],
    ids=["magic", "quiet", "function", "batch"],
)
def test_a_run_that_blocks_outlives_a_kernel_that_is_told_to_go(
    code: str, restart: bool, project: Path, bell: Path
) -> None:
    (project / "talk.py").write_text("x = 0\n" + TALK)
    kernel = started_kernel()
    try:
        kernel.start(code)
        bell.read_text()

        # As Kernel > Restart and Shut Down do: an interrupt first, then the request.
        if restart:
            kernel.manager.restart_kernel()
        else:
            kernel.manager.shutdown_kernel()

        run = gage.find()
        assert run.status == "running"
        bell.write_text("")
        assert run.wait(TIMEOUT_S).name == "completed"
    finally:
        kernel.close()
    check_output(run)


def test_a_spare_process_ends_with_its_kernel(kernel: Kernel) -> None:
    kernel.run("%gage_run hi.py")
    kernel.run("%gage_run hi.py")
    wait_until(kernel.process().children)
    children = kernel.process().children(recursive=True)

    kernel.kill()

    assert not psutil.wait_procs(children, TIMEOUT_S)[1]


# Run All


def test_run_all_stops_at_a_run_that_failed() -> None:
    node = notebook("%%gage_run bad\nprint('<last words>')\nraise SystemExit(3)", "print('after')")

    with pytest.raises(CellExecutionError, match=r"(?s)RunFailed.*exit code 3.*<last words>"):
        NotebookClient(node, timeout=TIMEOUT_S).execute()

    assert node.cells[1].outputs[0].data["text/plain"].startswith("✖ bad ")
    name = gage.find().name
    assert node.cells[1].outputs[-1].traceback == [
        f"RunFailed: run {name}: error (exit code 3)",
        "    <last words>",
        f"Full output: gage output {name}",
    ]
    assert not node.cells[2].outputs


def test_run_all_goes_on_after_a_failure_that_is_expected() -> None:
    node = notebook("%%gage_run bad --no-raise\nraise SystemExit(3)", "print('after')")

    NotebookClient(node, timeout=TIMEOUT_S).execute()

    assert node.cells[2].outputs[0].text == "after\n"


def test_a_wrong_line_is_one_line_in_the_notebook_and_stops_run_all() -> None:
    # IPython answers the request with an error, but writes none into the output.
    node = notebook("%gage_run nothing.py", "print('after')")

    with pytest.raises(CellExecutionError, match=r"expected the file nothing\.py, found nothing"):
        NotebookClient(node, timeout=TIMEOUT_S).execute()

    (output,) = node.cells[1].outputs
    assert (output.output_type, output.name) == ("stream", "stderr")
    assert output.text.count("\n") == 1
    assert not node.cells[2].outputs


def test_an_executed_notebook_keeps_the_panel_and_no_widgets(project: Path) -> None:
    (project / "slow.py").write_text(
        "import time\nfor i in range(10):\n    print('line', i)\n    time.sleep(0.1)\n"
    )
    node = notebook("%gage_run slow.py", "%gage runs", "gage.find()")

    NotebookClient(node, timeout=TIMEOUT_S).execute()

    nbformat.validate(node)
    (output,) = node.cells[1].outputs
    panel = output.data
    assert set(panel) == {"text/html", "text/plain"}
    for text in (*panel.values(), *node.cells[3].outputs[0].data.values()):
        assert "completed" in text
        assert "line 9" in text
    assert "gage-table" in node.cells[2].outputs[0].data["text/html"]
    assert WIDGET not in json.dumps(node)
    assert "widgets" not in node.metadata
    assert len(json.dumps(node)) < 20_000


# Names and words


def test_a_name_of_the_notebook_is_explained(kernel: Kernel) -> None:
    kernel.run("def load():\n    return 3")

    messages = kernel.run("%%gage_run fit --alone\nprint('before')\nload()")

    (error,) = [each["content"] for each in messages if each["msg_type"] == "error"]
    ended, hint = error["traceback"]
    assert error["ename"] == "RunFailed"
    assert ended.endswith(": error (exit code 1)")
    assert re.search(r"`load` exists in this notebook \(made by cell \[2\]", hint)
    assert last_text(messages).count('fit.py", line 3, in <module>') == 1


def test_syntax_of_ipython_works_in_the_run(kernel: Kernel) -> None:
    messages = kernel.run("%%gage_run fit --as r\nx = 1\n!echo from the shell\n%time y = x\nx\n")

    assert not errors(messages)
    text = gage.runs()[0].last_lines()
    assert "from the shell" in text
    assert "Wall time" in text


def test_what_cannot_work_in_a_run_is_refused_with_its_line(kernel: Kernel) -> None:
    messages = kernel.run("%%gage_run fit\nx = 1\n%connect_info\n")

    (error,) = [each["content"] for each in messages if each["msg_type"] == "error"]
    text = "\n".join(error["traceback"])
    assert error["ename"] == "CellError"
    assert "line 3: %connect_info" in text
    assert not gage.runs()


def test_variables_go_in_and_come_back(kernel: Kernel) -> None:
    messages = kernel.run(
        "import pandas as pd\nframe = pd.DataFrame({'a': [1, 2]})\n"
        "get_ipython().run_cell_magic('gage_run', 'fit -i frame -o total', "
        "'total = int(frame.a.sum())')\nprint(total)"
    )

    assert not errors(messages)
    assert printed(messages) == "3\n"


def test_modules_beside_the_notebook_are_there(kernel: Kernel, project: Path) -> None:
    (project / "helpers").mkdir()
    (project / "helpers" / "__init__.py").write_text("from helpers.inner import name\n")
    (project / "helpers" / "inner.py").write_text("name = 'inner'\n")
    (project / "tools.py").write_text("from helpers import name\n")

    kernel.run("%%gage_run fit --as r\nimport tools\nprint(tools.name, tools.__file__)")

    run = gage.find()
    assert run.last_lines() == f"inner {run.run_dir}/tools.py"


def test_words_are_completed_by_the_kernel(kernel: Kernel, project: Path) -> None:
    (project / "gage.toml").write_text("[train]\nexec = 'python hi.py'\n")
    name = gage.run("hi.py").name

    assert set(kernel.complete("%gage_run --")) >= {
        each for each in option_names("line") if each.startswith("--")
    }
    assert {"hi.py", "train"} <= set(kernel.complete("%gage_run "))
    assert kernel.complete("%gage_run hi.py l") == ["lr=0.1"]
    assert kernel.complete("%%gage_run fit --no-r") == ["--no-raise"]
    assert kernel.complete("%gage att") == ["attach"]
    assert kernel.complete(f"%gage show {name[:2]}") == [name]
    (project / "gage.toml").write_text("[train\n")
    kernel.complete("%gage_run t")
    assert not errors(kernel.run("1"))


@pytest.mark.parametrize("code", ["%gage_run?", "%%gage_run?", "?%gage_run"])
def test_the_pager_shows_the_options(kernel: Kernel, code: str) -> None:
    request = kernel.start(code)

    (page,) = kernel.reply(request)["payload"]

    for option in (*option_names("line"), *option_names("cell")):
        assert option in page["data"]["text/plain"]


# What is recorded


def test_a_cell_is_recorded_with_what_it_came_from(kernel: Kernel) -> None:
    source = "%%gage_run fit -l 'one'\nprint('x')"
    kernel.run("before = 1")
    kernel.run(source)

    attrs = gage.find().attrs

    assert attrs["cell"]["source"] == source
    assert attrs["cell"]["number"] == 3
    cells = attrs["notebook"]["document"]["cells"]
    assert attrs["notebook"]["origin"] == "executed cells"
    assert ["".join(cell["source"]) for cell in cells][1:] == ["before = 1", source]
    assert attrs["python"]["version"] == sys.version.split()[0]
    assert attrs["packages"]["pytest"] == pytest.__version__
    assert "absent" in attrs["git"]


@pytest.mark.parametrize(
    "code", ["%gage_run hi.py", "%gage_run hi.py --bg\n%gage wait", "%%gage_run fit\nprint(1)"]
)
def test_nothing_of_the_environment_is_written(
    code: str, runs_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "sesame-4711")
    kernel = started_kernel()
    try:
        assert not errors(kernel.run(code))
        assert not errors(kernel.run(code))
    finally:
        kernel.close()

    assert len(gage.runs()) == 2
    files = [path for path in runs_home.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not [path for path in files if b"sesame" in path.read_bytes()]
    assert not [path for path in files if b"API_KEY" in path.read_bytes()]


def test_two_notebooks_share_a_store(bell: Path, project: Path) -> None:
    (project / "talk.py").write_text(TALK)
    kernels = [started_kernel(), started_kernel()]
    try:
        kernels[0].run("%gage_run talk.py --bg --as mine")
        bell.read_text()
        kernels[1].run("%gage_run hi.py")

        frames = [printed(kernel.run("print(list((%gage runs)['status']))")) for kernel in kernels]

        bell.write_text("")
        messages = kernels[1].run("%gage attach 2")
    finally:
        for kernel in kernels:
            kernel.close()
    assert "completed" in last_text(messages)
    assert {run.status for run in gage.runs()} == {"completed"}
    assert len(gage.runs()) == 2
    assert frames == ["['completed', 'running']\n"] * 2


def test_a_script_is_shown_as_widgets_when_it_lasts(
    kernel: Kernel, project: Path, bell: Path
) -> None:
    (project / "talk.py").write_text(TALK)
    cell = kernel.start("%gage_run talk.py")
    bell.read_text()

    messages = kernel.until(lambda message: WIDGET in message["content"].get("data", {}))
    bell.write_text("")
    kernel.rest(cell)

    assert "comm_open" in kinds(messages)


# A plain terminal


IPYTHON = [
    *("-m", "IPython", "--simple-prompt", "--colors=nocolor", "--no-banner"),
    "--no-term-title",
]


def test_a_terminal_shows_text(project: Path) -> None:
    (project / "bad.py").write_text("import sys\nprint('out')\nsys.exit('<no>')\n")
    ipython = pexpect.spawn(
        sys.executable,
        IPYTHON,
        timeout=TIMEOUT_S,
        encoding="utf-8",
        dimensions=(50, 200),
    )
    said = []
    for line in ("%load_ext gage_nb", "%gage_run hi.py", "%gage_run bad.py", "gage_run", "exit"):
        ipython.expect(r"In \[\d+\]: ")
        ipython.sendline(line)
        said.append(ipython.before)
    ipython.expect(pexpect.EOF)
    said.append(ipython.before)
    ipython.close()

    completed, failed = said[2], said[3]
    name = gage.runs()[1].name
    assert f"hi.py {name}: running\r\nhi 0.1\r\n✔ hi.py {name} · completed" in completed
    assert completed.count("completed") == 1
    assert "out\r\n<no>\r\n✖ bad.py" in failed
    assert "RunFailed: run" in failed
    assert "Traceback" not in failed
    assert "\x1b" not in "".join(said)
    assert ipython.exitstatus == 0


def test_an_interrupt_in_a_terminal_stops_the_run(project: Path, bell: Path) -> None:
    (project / "tree.py").write_text(TREE)
    ipython = pexpect.spawn(
        sys.executable,
        IPYTHON,
        timeout=TIMEOUT_S,
        encoding="utf-8",
    )
    ipython.expect(r"In \[1\]: ")
    ipython.sendline("%load_ext gage_nb")
    ipython.expect(r"In \[2\]: ")
    ipython.sendline("%gage_run tree.py")
    processes = [psutil.Process(int(pid)) for pid in bell.read_text().split()]

    ipython.sendintr()

    ipython.expect(r"In \[3\]: ")
    assert "stopped by you" in str(ipython.before)
    assert "KeyboardInterrupt" in str(ipython.before)
    assert not psutil.wait_procs(processes, TIMEOUT_S)[1]
    ipython.sendline("exit")
    ipython.expect(pexpect.EOF)
    ipython.close()
    assert ipython.signalstatus != signal.SIGINT
