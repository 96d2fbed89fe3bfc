"""What the trials of a batch show, below its panel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kernels import Kernel, errors

RESULTS = ("gage-result-", "gage-trial-")
PNG = "image/png"
DRAW = """
import matplotlib.pyplot as plt
lr = 1
times = 1
for _ in range(times):
    plt.figure(figsize=(1, 1))
    plt.plot([lr, 2])
    plt.show()
"""


@pytest.fixture
def kernel(project: Path, runs_home: Path) -> Iterator[Kernel]:
    kernel = Kernel()
    try:
        assert not errors(kernel.run("%load_ext gage_nb"))
        yield kernel
    finally:
        kernel.close()


def shown_by(kernel: Kernel, code: str) -> list[dict[str, Any]]:
    """Return what a cell displays but for its panel."""
    messages = kernel.run(code)
    assert errors(messages) == []
    return [
        message["content"]["data"]
        for message in messages
        if message["msg_type"] == "display_data"
        and message["content"]["transient"].get("display_id", "").startswith(RESULTS)
    ]


def test_each_trial_shows_its_last_picture(kernel: Kernel, project: Path) -> None:
    (project / "draw.py").write_text(DRAW)

    line, picture, *others = shown_by(kernel, "%gage_run draw.py lr=[3,4] times=2")

    assert line["text/plain"].endswith("lr=3 · the last of 2")
    assert PNG in picture
    assert others[0]["text/plain"].endswith("lr=4 · the last of 2")
    assert PNG in others[1]
    assert len(others) == 2


def test_trials_beyond_the_limit_are_counted(kernel: Kernel, project: Path) -> None:
    (project / "draw.py").write_text(DRAW)
    config = ",".join(map(str, range(14)))

    *shown, last = shown_by(kernel, f"%gage_run draw.py lr=[{config}] --jobs 2 --as batch")
    batch = shown_by(kernel, "batch")

    assert sum(PNG in each for each in shown) == 12
    assert last["text/plain"] == "… 2 more trials with pictures: %gage show RUN"
    assert [each["text/plain"] for each in batch if PNG not in each][-1] == last["text/plain"]


def test_trials_that_show_nothing_leave_the_panel_alone(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("lr = 1\nprint(lr)")

    assert shown_by(kernel, "%gage_run hi.py lr=[3,4]") == []
