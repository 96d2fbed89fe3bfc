"""What JupyterLab leaves of charts in a notebook that it does not trust."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from gage._internal.metrics.series import summarize
from gage.inside.metric_log import Metric
from gage_nb.views.charts import charts_html
from tests.browser.jupyterlab import open_notebook, output_of, screenshot
from tests.browser.servers import Server

pytestmark = [pytest.mark.alone, pytest.mark.browser]


def test_saved_charts_survive_in_an_untrusted_notebook(browser: Browser, viewer: Server) -> None:
    series = summarize(
        Metric(name, step, 0, value, "logged")
        for step, (loss, acc) in enumerate([(3, 0), (2, 0.5), (1, 0.75)])
        for name, value in (("loss", loss), ("acc", acc))
    )
    outputs = [
        nbformat.v4.new_output("display_data", {"text/html": charts_html(series, saved=saved)})
        for saved in (True, False)
    ]
    cells = [nbformat.v4.new_code_cell("charts", outputs=[output]) for output in outputs]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), viewer.directory / "charts.ipynb")

    page = open_notebook(browser, viewer, "charts.ipynb")

    images = output_of(page, 0).locator("img")
    expect(images).to_have_count(2)
    widths = images.evaluate_all("images => images.map(image => image.naturalWidth)")
    assert widths == [200, 200], "the images were decoded"
    expect(output_of(page, 0)).to_contain_text("min 1 · max 3 · step 0–2")
    expect(output_of(page, 1)).to_contain_text("min 1 · max 3 · step 0–2")
    expect(output_of(page, 1).locator(".gage.charts")).to_have_count(1)
    expect(output_of(page, 1).locator(".gage.charts svg")).to_have_count(0)
    assert screenshot(page, "charts").stat().st_size > 10_000
