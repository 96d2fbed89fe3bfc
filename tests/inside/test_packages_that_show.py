"""Packages that show things in ways of their own, the real ones, in runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import gage
from gage._internal.output.results import Result, captions, mime_bundle, read_results

PLOTLY = "application/vnd.plotly.v1+json"


def run(source: str) -> gage.RecordedRun:
    Path("work.py").write_text(source)
    shown = gage.run("work.py")
    assert shown.status == "completed", shown.last_lines()
    return shown


def only_result(shown: gage.RecordedRun) -> Result:
    (result,) = read_results(shown.meta_dir, pytest.fail)
    return result


@pytest.mark.parametrize("way", ["fig.show()", "display(fig)"])
def test_plotly(project: Path, way: str) -> None:
    source = "import plotly.graph_objects as go\nfrom IPython.display import display\n"
    shown = run(f"{source}fig = go.Figure(go.Scatter(y=[1, 3, 2]))\n{way}")

    result = only_result(shown)
    bundle = mime_bundle(shown.meta_dir, result)
    assert bundle[PLOTLY]["data"][0]["type"] == "scatter"
    # The page loads Plotly itself: it is not in each notebook.
    assert "plotly" in bundle["text/html"]
    assert len(bundle["text/html"]) < 50_000
    assert captions(shown.meta_dir)[0][1].endswith(" 1, Plotly, HTML")


def test_plotly_without_ipython(project: Path) -> None:
    source = "import sys\nsys.modules['IPython'] = None\nimport plotly.graph_objects as go\n"

    result = only_result(run(f"{source}go.Figure(go.Bar(y=[1])).show()"))

    assert (result.kind, result.origin) == ("figure", "work.py:4 Plotly")


def test_a_renderer_that_the_program_chooses(project: Path) -> None:
    source = "import plotly.graph_objects as go\n"

    source += "import plotly.io\nplotly.io.renderers.default = 'json'\n"

    result = only_result(run(f"{source}go.Figure(go.Bar(y=[1])).show()"))

    assert {*result.data, *result.files} == {"application/json"}


@pytest.mark.parametrize("use", ["matplotlib.use('nbagg')", "plt.switch_backend('nbagg')"])
def test_a_backend_for_notebooks_records_a_picture(project: Path, use: str) -> None:
    source = f"import matplotlib\nimport matplotlib.pyplot as plt\n{use}\n"

    result = only_result(run(f"{source}plt.plot([1, 2])\nplt.show()"))

    assert {*result.data, *result.files} == {"image/png", "text/plain"}


@pytest.mark.parametrize("way", ["chart.show()", "display(chart)"])
def test_altair(project: Path, way: str) -> None:
    source = (
        "import altair, pandas\nfrom IPython.display import display\n"
        "chart = altair.Chart(pandas.DataFrame({'a': [1, 2]})).mark_line().encode(x='a:Q')\n"
    )
    shown = run(source + way)

    bundle = mime_bundle(shown.meta_dir, only_result(shown))
    assert "vega" in bundle["text/html"]


def test_pandas_styler(project: Path) -> None:
    source = "import pandas\nfrom IPython.display import display\n"

    shown = run(f"{source}display(pandas.DataFrame({{'a': [1]}}).style.highlight_max())")

    bundle = mime_bundle(shown.meta_dir, only_result(shown))
    assert "background-color: yellow" in bundle["text/html"]


def test_sympy(project: Path) -> None:
    source = "import sympy\nfrom IPython.display import display\nx = sympy.symbols('x')\n"

    result = only_result(run(f"{source}display(sympy.Integral(x**2, x))"))

    assert result.data["text/latex"] == r"$\displaystyle \int x^{2}\, dx$"
    assert result.data["text/plain"] == "Integral(x**2, x)"


def test_pil(project: Path) -> None:
    source = "from PIL import Image\nfrom IPython.display import display\n"

    shown = run(f"{source}display(Image.new('RGB', (30, 20), 'red'))")

    assert [text for _, text in captions(shown.meta_dir)] == ["display 1, 30×20 px"]
