"""The lines of magics in real kernels: what they start, show, record and refuse."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import gage
from gage._internal.operations.options import option_names
from tests.gage_nb.runs import TALK, TIMEOUT_S, last_text, notebook, started_kernel
from tests.kernels import WIDGET, Kernel, errors, kinds, printed

pytestmark = pytest.mark.usefixtures("kernel_project", "bell")


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

        look = "frame = %gage runs\nprint(list(frame['status']))"
        frames = [printed(kernel.run(look)) for kernel in kernels]

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
