"""Kernels with `gage_nb`, and programs that a test talks to through a pipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

import gage
from tests.kernels import Kernel, errors, updates

ROOT = Path(__file__).parents[2]


TIMEOUT_S = 60


def started_kernel() -> Kernel:
    kernel = Kernel()
    assert not errors(kernel.run("import gage\n%load_ext gage_nb"))
    return kernel


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
