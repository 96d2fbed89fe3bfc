"""What a run shows, as outputs of its cell, in a real kernel and in a notebook that is saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from gage_nb.views.results import FOLD_BYTES, fold
from tests.kernels import Kernel, Message, displays, errors

PNG = "image/png"
HTML = "text/html"


@pytest.fixture
def kernel(project: Path, runs_home: Path) -> Iterator[Kernel]:
    kernel = Kernel()
    try:
        kernel.run("%load_ext gage_nb")
        yield kernel
    finally:
        kernel.close()


def results_of(messages: list[Message]) -> list[dict[str, Any]]:
    """Return the results that a front end has at the end, in the order of its outputs."""
    outputs: dict[str, dict[str, Any]] = {}
    for message in messages:
        if message["msg_type"] in {"display_data", "update_display_data"}:
            content = message["content"]
            outputs[content["transient"].get("display_id", "")] = content["data"]
    return [data for key, data in outputs.items() if key.startswith("gage-result-")]


CELL = """%%gage_run --as r
import matplotlib.pyplot as plt
import pandas as pd
plt.plot([1, 2])
plt.show()
display(pd.DataFrame({"first": [1]}))
plt.plot([2, 1])
pd.DataFrame({"second": [1]})
"""


def test_results_are_outputs_of_the_cell(kernel: Kernel) -> None:
    messages = kernel.run(CELL)

    assert errors(messages) == []
    figure, first, second, last = results_of(messages)
    assert (PNG in figure, PNG in last) == (True, True)
    assert "first" in first[HTML]
    assert "second" in second[HTML]


def test_a_run_shows_its_results_again(kernel: Kernel) -> None:
    kernel.run(CELL)
    kernel.restart()
    kernel.run("%load_ext gage_nb")

    messages = kernel.run("%gage show")

    assert [PNG in each for each in results_of(messages)] == [True, False, False, True]
    assert len(displays(messages)) == 5


def test_a_figure_is_there_while_the_run_goes_on(kernel: Kernel, project: Path) -> None:
    cell = kernel.start(
        "%%gage_run\nimport os, time\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n"
        f"while not os.path.exists({str(project / 'seen')!r}): time.sleep(0.01)\nprint('end')"
    )

    for message in kernel.messages():
        if PNG in message["content"].get("data", {}):
            (project / "seen").touch()
            break

    assert errors(kernel.rest(cell)) == []


def test_updates_and_what_is_cleared(kernel: Kernel) -> None:
    messages = kernel.run(
        "%%gage_run\nfrom IPython.display import HTML, clear_output, display\n"
        "display(HTML('gone'))\nclear_output()\n"
        "handle = display(HTML('old'), display_id=True)\nhandle.update(HTML('new'))"
    )

    assert [each[HTML] for each in results_of(messages) if each[HTML]] == ["new"]


def test_an_animation_stays_small(kernel: Kernel) -> None:
    messages = kernel.run(
        "%%gage_run\nimport matplotlib.pyplot as plt, numpy as np\n"
        "for epoch in range(60):\n"
        "    plt.imshow(np.random.rand(60, 60))\n    plt.title(f'epoch {epoch}')\n    plt.show()"
    )

    outputs = results_of(messages)
    assert sum(len(str(data)) for data in outputs) < 1_000_000
    assert PNG in outputs[-1]
    shown = sum(PNG in data for data in outputs)
    (said,) = [data["text/plain"] for data in outputs if "earlier" in data.get("text/plain", "")]
    assert f"… {60 - shown} earlier steps of this picture" in said


def test_a_run_in_the_background_shows_its_newest(kernel: Kernel) -> None:
    started = kernel.run(
        "%%gage_run --bg --as r\nimport matplotlib.pyplot as plt\n"
        "for n in range(2):\n    plt.plot([n])\n    plt.show()"
    )
    ended = kernel.run(
        "r.wait();\nimport threading\n"
        "[each.join() for each in threading.enumerate() if each.name.startswith('gage-run')];"
    )

    assert any(PNG in data for data in results_of(started + ended))


def test_a_saved_notebook_has_the_results(project: Path, runs_home: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell("%load_ext gage_nb"),
        nbformat.v4.new_code_cell(CELL),
    ]

    NotebookClient(notebook, resources={"metadata": {"path": str(project)}}).execute()

    data = [output.get("data", {}) for output in notebook.cells[1].outputs]
    assert [PNG in each for each in data][-4:] == [True, False, False, True]


def test_results_of_a_notebook_that_is_the_target(kernel: Kernel, project: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    source = "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()"
    notebook.cells = [nbformat.v4.new_code_cell(source), nbformat.v4.new_code_cell("6 * 7")]
    nbformat.write(notebook, project / "work.ipynb")

    messages = kernel.run("%gage_run work.ipynb")

    assert [PNG in each for each in results_of(messages)] == [True]


# Folding


def test_different_pictures_are_not_folded() -> None:
    sizes = [(number, f"line {number}", FOLD_BYTES) for number in range(5)]

    assert fold(sizes) == ({0, 1, 2, 3, 4}, {})


def test_steps_of_one_picture_are_folded() -> None:
    sizes = [(number, "line 1", FOLD_BYTES // 3) for number in range(6)]

    assert fold(sizes) == ({3, 4, 5}, {2: 3})


def test_the_newest_is_shown_whatever_its_size() -> None:
    assert fold([(0, "a", 1), (1, "a", 9 * FOLD_BYTES)]) == ({1}, {0: 1})
