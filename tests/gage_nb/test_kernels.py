"""The magics in real kernels: what is interrupted, killed, restarted, and what stays of it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

import gage
from tests.gage_nb.runs import TALK, TIMEOUT_S, TREE, check_output, last_text, started_kernel
from tests.kernels import Kernel, displays, errors, printed
from tests.making import wait_until

pytestmark = pytest.mark.usefixtures("kernel_project", "bell")


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
