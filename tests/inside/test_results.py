"""What programs show, in runs of their own: recorded, in order, with its place in the log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gage
from gage._internal.output.results import Result, caption, mime_bundle, read_results

PNG = "image/png"


def run(source: str, name: str = "work.py", env: dict[str, str] | None = None) -> gage.RecordedRun:
    Path(name).write_text(source)
    run = gage.run(name)
    assert run.status == "completed", run.last_lines()
    return run


def results_of(run: gage.RecordedRun) -> list[Result]:
    return read_results(run.meta_dir, pytest.fail)


def captions(run: gage.RecordedRun) -> list[str]:
    return [caption(run.meta_dir, each, each.number) for each in results_of(run)]


def log_of(run: gage.RecordedRun) -> bytes:
    return Path(run.meta_dir, "output", "40_run").read_bytes()


FIGURES = """
import matplotlib.pyplot as plt
print("before")
plt.plot([1, 2])
plt.show()
print("between")
plt.figure(figsize=(3, 2), dpi=50)
plt.plot([2, 1])
print("after")
"""


def test_figures_of_a_script_are_recorded(project: Path) -> None:
    shown = run(FIGURES)

    assert captions(shown) == ["figure 1, 640×480 px", "figure 2, 150×100 px"]
    first, second = results_of(shown)
    assert first.at == len("before\n")
    assert second.at == len(log_of(shown)) == len("before\nbetween\nafter\n")
    assert (first.origin, second.origin) == ("work.py:5 figure #", "end figure #")
    assert first.data == {"text/plain": "<Figure size 640x480 with 1 Axes>"}
    assert mime_bundle(shown.meta_dir, first)[PNG].startswith("iVBORw0KGgo")


def test_what_reaches_beyond_the_figure_is_in_the_picture(project: Path) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1], label='long' * 20)\n"
    source += "plt.legend(loc='upper left', bbox_to_anchor=(1.1, 1))"

    (text,) = captions(run(source))

    width, height = text.removeprefix("figure 1, ").removesuffix(" px").split("×")
    assert int(width) > 1000
    assert int(height) in range(480, 500)


def test_a_kernels_backend_does_not_reach_a_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")

    assert captions(run(FIGURES)) == ["figure 1, 640×480 px", "figure 2, 150×100 px"]


def test_a_backend_that_the_program_chooses_is_its_own(project: Path) -> None:
    source = "import matplotlib\nmatplotlib.use('svg')\nimport matplotlib.pyplot as plt\n"

    assert captions(run(source + "plt.plot([1])")) == []


def test_an_animation_is_one_picture(project: Path) -> None:
    source = """
import matplotlib.pyplot as plt
line, = plt.plot([1, 2])
for step in range(4):
    line.set_ydata([step, 2])
    plt.pause(0.01)
"""

    (result,) = results_of(run(source))

    assert result.version == 3


DISPLAYS = """
from IPython.display import HTML, display
print("before")
display(HTML("<b>bold</b>"))
handle = display({"a": 1}, display_id=True)
handle.update({"a": 2})
print("after")
"""


def test_display_of_ipython_records_without_ipython(project: Path) -> None:
    shown = run(DISPLAYS)

    first, second = results_of(shown)
    assert first.data["text/html"] == "<b>bold</b>"
    assert second.data == {"text/plain": "{'a': 2}"}
    assert second.version == 1
    log = log_of(shown)
    assert log[first.at :][: first.printed] == b"<IPython.core.display.HTML object>\n"
    assert log[second.at :][: second.printed] == b"{'a': 1}\n"
    assert log.endswith(b"after\n")


def test_an_image_of_pil_is_recorded(project: Path) -> None:
    source = "from PIL import Image\nImage.new('RGB', (30, 20)).show()"

    assert captions(run(source)) == ["display 1, 30×20 px"]


def test_workers_have_files_of_their_own(project: Path) -> None:
    source = """
import multiprocessing
def work(n):
    from IPython.display import HTML, display
    display(HTML(f"<i>{n}</i>"))
if __name__ == "__main__":
    work(0)
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            pool.map(work, [1])
"""

    results = results_of(run(source))

    assert [each.data["text/html"] for each in results] == ["<i>0</i>", "<i>1</i>", "<i>1</i>"]
    assert len({each.source for each in results}) == 3


def test_a_program_that_shows_nothing_imports_nothing_for_it(project: Path) -> None:
    source = "import sys\nprint(*[name for name in sys.modules if name.startswith('gage')])\n"
    source += "print('sitecustomize' in sys.modules, [p for p in sys.path if 'gage/inside' in p])"

    shown = run(source)

    assert log_of(shown).startswith(b"\n")
    assert log_of(shown).endswith(b" []\n")
    assert not Path(shown.meta_dir, "results").exists()


def test_the_sitecustomize_of_others_is_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "site").mkdir()
    (project / "site" / "sitecustomize.py").write_text("import sys\nsys.other = __name__")
    monkeypatch.setenv("PYTHONPATH", str(project / "site"))

    shown = run("import sys, sitecustomize\nprint(sys.other, sitecustomize.__file__)")

    expected = f"sitecustomize {project / 'site' / 'sitecustomize.py'}\n"
    assert log_of(shown).decode() == expected


# Outside of a run


def in_process(directory: Path, source: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "RUN_DIR"}
    command = [sys.executable, "-c", source]
    return subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, check=False
    )


def test_outside_of_a_run_text_is_printed(tmp_path: Path) -> None:
    result = in_process(tmp_path, "from gage.inside.results import display\ndisplay(1, 'a')")

    assert (result.stdout, result.stderr) == ("1\n'a'\n", "")
    assert not [*tmp_path.iterdir()]


# Representations and limits, in a run


HEAD = "from gage.inside.results import display\n"

OBJECTS = {
    "html": ("_repr_html_", "'<b>'", {"text/html": "<b>"}),
    "markdown": ("_repr_markdown_", "'*a*'", {"text/markdown": "*a*"}),
    "svg": ("_repr_svg_", "'<svg/>'", {"image/svg+xml": "<svg/>"}),
    "latex": ("_repr_latex_", "'$x$'", {"text/latex": "$x$"}),
    "json": ("_repr_json_", "{'a': [1]}", {"application/json": {"a": [1]}}),
    "png": ("_repr_png_", "b'abc'", {PNG: "YWJj"}),
    "png as base64": ("_repr_png_", "'YWJj'", {PNG: "YWJj"}),
    "bundle": ("_repr_mimebundle_", "{'text/html': 'a'}", {"text/html": "a"}),
    "pair": ("_repr_mimebundle_", "({'text/html': 'a'}, {})", {"text/html": "a"}),
    "none": ("_repr_html_", "None", {}),
}


@pytest.mark.parametrize(("method", "value", "data"), OBJECTS.values(), ids=OBJECTS)
def test_an_object_has_its_representations(
    project: Path, method: str, value: str, data: dict[str, Any]
) -> None:
    source = f"class A:\n    def {method}(self, **_): return {value}\n"
    source += "    def __repr__(self): return 'A!'\ndisplay(A())"

    shown = run(HEAD + source)

    (result,) = results_of(shown)
    assert mime_bundle(shown.meta_dir, result) == {"text/plain": "A!", **data}


def test_a_representation_that_raises_is_told_and_the_program_goes_on(project: Path) -> None:
    source = "class A:\n    def _repr_html_(self): return 1 / 0\n"
    source += "    def __repr__(self): return 'A!'\ndisplay(A())\nprint('on')"

    shown = run(HEAD + source)

    log = log_of(shown).decode()
    assert "ZeroDivisionError" in log
    assert "gage/inside" not in log
    assert log.endswith("A!\non\n")


def test_an_object_that_shows_itself(project: Path) -> None:
    source = "class A:\n    def _ipython_display_(self): display('mine')\ndisplay(A())"

    (result,) = results_of(run(HEAD + source))

    assert result.data == {"text/plain": "'mine'"}


def test_the_same_part_is_stored_once(project: Path) -> None:
    shown = run(f"{HEAD}for _ in range(3): display({{'text/html': 'x' * 5000}}, raw=True)")

    assert len(results_of(shown)) == 3
    assert len([*Path(shown.meta_dir, "results", "data").iterdir()]) == 1


def test_a_part_beyond_the_limit_is_said(project: Path) -> None:
    shown = run(f"{HEAD}display({{'text/html': 'x' * (65 << 20)}}, raw=True)")

    (result,) = results_of(shown)
    assert result.left_out == {"text/html": 65 << 20}
    assert b"text/html of 65 MiB is not recorded: the limit for one part is 64 MiB" in log_of(shown)
