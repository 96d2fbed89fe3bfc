"""The panel in real kernels, which run real runs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import gage
from gage_nb.views.live import LivePanel, watch
from tests.kernels import WIDGET, Kernel, displays, errors, kinds, printed, updates

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 60

SETUP = """
import gage
from gage_nb.views.live import LivePanel, watch, watch_in_background
"""


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def kernel(project: Path, runs_home: Path) -> Iterator[Kernel]:
    kernel = Kernel()
    try:
        assert not errors(kernel.run(SETUP))
        yield kernel
    finally:
        kernel.close()


def notebook(*cells: str) -> Any:
    node = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (SETUP, *cells)]
    )
    NotebookClient(node, timeout=TIMEOUT_S).execute()
    return node


def test_a_notebook_keeps_what_happened(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("print('hello <b>')\nopen('made.txt', 'w').write('x')\n")

    node = notebook("watch(LivePanel(gage.run('hi.py', background=True)))")

    output, *emptied = node.cells[1].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert all(set(each.data.values()) == {""} for each in emptied)
    for text in output.data.values():
        assert "completed" in text
        assert "made.txt (1 B)" in text
    assert "hello &lt;b&gt;" in output.data["text/html"]


def test_a_run_in_the_background_ends_in_the_output_of_its_own_cell(
    project: Path, runs_home: Path
) -> None:
    (project / "wait.py").write_text("import sys\nprint('waits')\nopen('go').read()\nprint('on')\n")
    os.mkfifo(project / "go")

    node = notebook(
        "run = gage.run('wait.py', stage=True)\n"
        "import os\nos.mkfifo(run.run_dir + '/go')\nrun.start()\n"
        "thread = watch_in_background(LivePanel(run))",
        "print(run.status)\nopen(run.run_dir + '/go', 'w').close()\nthread.join()",
    )

    output, place_for_results = node.cells[1].outputs
    assert place_for_results.data["text/plain"] == ""
    assert "completed" in output.data["text/plain"]
    assert "  on\n" in output.data["text/plain"]
    assert [one.text for one in node.cells[2].outputs] == ["running\n"]


def test_widgets_come_beside_html_and_text_and_go_at_the_end(kernel: Kernel, project: Path) -> None:
    go_on = project.parent / "go-on"
    os.mkfifo(go_on)
    (project / "hi.py").write_text(f"print('hello')\nopen({str(go_on)!r}).read()\n")

    cell = kernel.start("watch(LivePanel(gage.run('hi.py', background=True)))")
    messages = kernel.until(lambda message: WIDGET in message["content"].get("data", {}))
    go_on.write_text("")
    messages += kernel.rest(cell)

    still, widgets = displays(messages)
    assert "hi.py" in still["text/html"]
    assert "hi.py" in still["text/plain"]
    assert widgets.keys() == {WIDGET, "text/html", "text/plain"}
    *_, last = updates(messages)
    assert set(last) == {"text/html", "text/plain"}
    # What hides the one or the other while both are there is not kept.
    assert ":has(" in still["text/html"]
    assert ":has(" not in last["text/html"]
    assert kinds(messages).count("comm_open") == kinds(messages).count("comm_close")
    assert not errors(messages)


@pytest.mark.parametrize(
    ("view", "expected"), [("html", {"text/html", "text/plain"}), ("text", {"text/plain"})]
)
def test_without_widgets_the_output_is_replaced(
    kernel: Kernel, project: Path, view: str, expected: set[str]
) -> None:
    (project / "hi.py").write_text("print('hello')\n")

    messages = kernel.run(f"watch(LivePanel(gage.run('hi.py', background=True), view={view!r}))")

    (first,) = displays(messages)
    *_, last = updates(messages)
    assert set(first) == set(last) == expected
    assert "hello" in last["text/plain"]
    assert "comm_open" not in kinds(messages)


def test_the_environment_chooses_the_view(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("print('hello')\n")

    messages = kernel.run(
        "import os\nos.environ['GAGE_VIEW'] = 'text'\n"
        "watch(LivePanel(gage.run('hi.py', background=True)))"
    )

    assert set(displays(messages)[0]) == {"text/plain"}


def test_a_view_that_is_not_known_is_an_error(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("")
    messages = kernel.run("LivePanel(gage.run('hi.py', stage=True), view='movie')")
    assert errors(messages) == ["ValueError"]


def test_nothing_is_sent_when_nothing_has_changed(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("")
    kernel.run(
        "run = gage.run('hi.py', stage=True)\n"
        "panels = [LivePanel(run, view=view) for view in ('widget', 'html', 'text')]\n"
        "for panel in panels: panel.show()"
    )

    messages = kernel.run("for panel in panels * 20: panel.refresh(force=True); panel.show()")

    assert set(kinds(messages)) == {"status", "execute_input"}


def test_a_flood_does_not_reach_the_front_end(kernel: Kernel, project: Path) -> None:
    (project / "flood.py").write_text("for i in range(200_000): print('<&>' * 25, i)\n")
    began_s = time.monotonic()

    messages = kernel.run("watch(LivePanel(gage.run('flood.py', background=True)))")

    took_s = time.monotonic() - began_s
    sizes = [len(json.dumps(each["content"]).encode()) for each in messages]
    assert "200,000 lines" in updates(messages)[-1]["text/html"]
    # Parts that may change in an update: head, bar, time, tail, foot. Ten updates a second.
    assert kinds(messages).count("comm_msg") <= 5 * (took_s * 10 + 2)
    assert max(sizes) < 64_000
    assert sum(sizes) < 40_000 * (took_s * 10 + 2)


def test_the_stop_button_stops(kernel: Kernel, project: Path) -> None:
    (project / "wait.py").write_text("import threading\nprint('waits')\nthreading.Event().wait()\n")
    messages = kernel.run(
        "run = gage.run('wait.py', background=True)\n"
        "thread = watch_in_background(LivePanel(run, stop=run.stop))"
    )
    (button,) = [
        each["content"]["comm_id"]
        for each in messages
        if each["msg_type"] == "comm_open"
        and each["content"]["data"]["state"]["_model_name"] == "ButtonModel"
    ]

    kernel.click(button)

    for message in kernel.messages():
        if message["msg_type"] == "update_display_data":
            break
    text = message["content"]["data"]["text/plain"]
    assert "stopped by you" in text


def test_there_is_no_button_where_it_would_not_work(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("")

    messages = kernel.run("watch(LivePanel(gage.run('hi.py', background=True)))")

    assert "ButtonModel" not in json.dumps([each["content"] for each in messages])


def test_an_interrupt_stops_the_run_and_the_panel_shows_it(kernel: Kernel, project: Path) -> None:
    (project / "wait.py").write_text(
        "import threading\nprint('it waits', flush=True)\nthreading.Event().wait()\n"
    )
    cell = kernel.start(
        "run = gage.run('wait.py', background=True)\nwatch(LivePanel(run), stop=run.stop)"
    )
    messages = []
    for message in kernel.messages():
        messages.append(message)
        if "it waits" in json.dumps(message["content"]) and message["msg_type"][:5] == "comm_":
            break

    kernel.manager.interrupt_kernel()

    messages = kernel.rest(cell)
    assert errors(messages) == ["KeyboardInterrupt"]
    assert "stopped by you" in updates(messages)[-1]["text/plain"]
    assert printed(kernel.run("print(run.status)")) == "terminated\n"


@pytest.mark.parametrize("broken", ["create_comm", "publish"])
def test_a_front_end_that_fails_does_not_fail_the_run(
    kernel: Kernel, project: Path, broken: str
) -> None:
    failed = project.parent / "failed"
    (project / "hi.py").write_text(
        "import os, time\n"
        f"while not os.path.exists({str(failed)!r}): time.sleep(0.01)\n"
        "for i in range(5): print(i); time.sleep(0.2)  # in which it fails again\n"
    )
    kernel.run(
        "import comm, logging\n"
        "def fail(*args, **kwargs): raise OSError('the front end is gone')\n"
        "class Count(logging.Handler):\n"
        "    records = []\n"
        "    def emit(self, record):\n"
        "        self.records.append(record)\n"
        f"        open({str(failed)!r}, 'w').close()\n"
        "logging.getLogger('gage_nb').addHandler(Count())\n"
        + {
            "create_comm": "comm.create_comm = fail",
            "publish": "get_ipython().display_pub.publish = fail",
        }[broken]
    )

    messages = kernel.run(
        "run = gage.run('hi.py', background=True)\nwatch(LivePanel(run))\n"
        "print(run.status, len(Count.records), Count.records[0].levelname)"
    )

    assert not errors(messages)
    assert "completed 1 WARNING\n" in printed(messages)


def test_a_run_that_is_soon_over_has_no_widgets(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("print('hello')\n")

    messages = kernel.run("run = gage.run('hi.py')\nwatch(LivePanel(run))")

    (first,) = displays(messages)
    assert set(first) == {"text/html", "text/plain"}
    assert "comm_open" not in kinds(messages)
    assert "completed" in updates(messages)[-1]["text/plain"]


def test_staging_is_shown_by_its_phases(kernel: Kernel, project: Path) -> None:
    (project / "gage.toml").write_text(
        "[slow]\n"
        'exec = {run = "echo hello", stage-sourcecode = "sleep 0.5", stage-runtime = "sleep 0.5"}\n'
    )

    messages = kernel.run(
        "panels = []\n"
        "def on_event(event, run):\n"
        "    if event == 'made':\n"
        "        panels.append(LivePanel(run))\n"
        "        panels[0].show()\n"
        "    else:\n"
        "        panels[0].phase(event)\n"
        "run = gage.run('slow', background=True, on_event=on_event)\n"
        "watch(panels[0])"
    )

    assert not errors(messages)
    shown = [
        each["content"]["data"]["state"].get("value", "")
        for each in messages
        if each["msg_type"][:5] == "comm_" and "state" in each["content"]["data"]
    ]
    assert any("init-runtime" in value for value in shown)
    assert "completed" in updates(messages)[-1]["text/plain"]


def test_a_panel_may_be_finished_without_being_shown(project: Path, runs_home: Path) -> None:
    (project / "hi.py").write_text("")
    panel = LivePanel(gage.run("hi.py", stage=True))

    panel.refresh(force=True)
    panel.finish()


def test_what_ends_the_waiting_is_raised_and_the_panel_is_closed(
    project: Path, runs_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "hi.py").write_text("")
    staged = gage.run("hi.py", stage=True)

    with pytest.raises(gage.RunStateError, match="nothing to wait for"):
        watch(LivePanel(staged))

    assert "staged" in capsys.readouterr().out
