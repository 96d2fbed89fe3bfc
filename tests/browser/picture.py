"""Takes the picture of the README: a training that goes on, in a real JupyterLab.

Run it as `python -m tests.browser.picture`.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

from tests.browser.jupyterlab import (
    ROOT,
    cell_of,
    chromium,
    open_notebook,
    output_of,
    run_cell,
    start_cell,
    write_notebook,
)
from tests.browser.servers import running_server

PICTURE = ROOT / "docs" / "live-panel.png"
MAX_BYTES = 60_000

TRAIN = """\
import math, random, sys, time
import gage
from tqdm import tqdm

lr = 0.1
epochs = 10

random.seed(7)
print("10 classes, 60,000 images")
print("warning: no GPU found, training on the CPU", file=sys.stderr)
for epoch in tqdm(range(1, epochs + 1), desc="training", file=sys.stdout):
    time.sleep(0.4)
    loss = 2.3 * math.exp(-lr * epoch) + random.uniform(0, 0.12)
    accuracy = 0.97 - 0.87 * math.exp(-2 * lr * epoch) + random.uniform(-0.02, 0.02)
    gage.log(loss=loss, accuracy=accuracy, step=epoch)
    tqdm.write(f"epoch {epoch:2}   loss {loss:.3f}   \\x1b[32maccuracy {accuracy:.3f}\\x1b[0m")
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        notebooks = directory / "lab"
        notebooks.mkdir()
        (notebooks / "train.py").write_text(TRAIN)
        write_notebook(
            notebooks / "demo.ipynb", ["%load_ext gage_nb", "%gage_run train.py lr=0.2 epochs=20"]
        )
        env = {"GAGE_RUNS": str(directory / "runs"), "PYTHONPATH": str(ROOT)}
        with (
            running_server(notebooks, directory / "server", env=env) as server,
            chromium() as browser,
        ):
            page = open_notebook(browser, server, "demo.ipynb", size=(1010, 800))
            run_cell(page, 0)
            start_cell(page, 1)
            expect(output_of(page, 1)).to_contain_text(re.compile(r"1[2-4]/20 ·"), timeout=60_000)
            picture = Image.open(io.BytesIO(cell_of(page, 1).screenshot()))
    # A palette is enough for a few colours and makes it a third of the size.
    picture.convert("RGB").quantize(256).save(PICTURE, optimize=True)
    size_bytes = PICTURE.stat().st_size
    print(f"{PICTURE.relative_to(ROOT)}: {picture.width} x {picture.height}, {size_bytes:,} bytes")
    if size_bytes > MAX_BYTES:
        raise SystemExit(f"expected {MAX_BYTES:,} bytes at most")


if __name__ == "__main__":
    main()
