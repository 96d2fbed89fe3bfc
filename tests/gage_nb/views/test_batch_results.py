"""What the trials of a batch show, below its panel."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kernels import Kernel, Message, errors, printed

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
# Loads less than Matplotlib does.
DRAW_QUICKLY = """
from PIL import Image
lr = 1.0
Image.new("RGB", (2, 2)).show()
print(f"loss: {(lr - 0.7) ** 2}")
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
    """Return what a cell shows in the end but for its panel."""
    messages = kernel.run(code)
    assert errors(messages) == []
    return shown_in(messages)


def shown_in(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return what outputs hold after these messages, without empty ones and the panel."""
    outputs: dict[str, dict[str, Any]] = {}
    for message in messages:
        if message["msg_type"] in ("display_data", "update_display_data"):
            output = message["content"]["transient"].get("display_id", "")
            if output.startswith(RESULTS):
                outputs[output] = message["content"]["data"]
    return [bundle for bundle in outputs.values() if bundle["text/plain"]]


def test_each_trial_shows_its_last_picture(kernel: Kernel, project: Path) -> None:
    (project / "draw.py").write_text(DRAW)

    line, picture, *others = shown_by(kernel, "%gage_run draw.py lr=[3,4] times=2")

    assert line["text/plain"].endswith("lr=3 · the last of 2")
    assert PNG in picture
    assert others[0]["text/plain"].endswith("lr=4 · the last of 2")
    assert PNG in others[1]
    assert len(others) == 2


def test_trials_beyond_the_limit_are_counted(kernel: Kernel, project: Path) -> None:
    (project / "draw.py").write_text(DRAW_QUICKLY)
    config = ",".join(map(str, range(14)))

    *shown, last = shown_by(kernel, f"%gage_run draw.py lr=[{config}] --jobs 2 --as batch")
    batch = shown_by(kernel, "batch")

    assert sum(PNG in each for each in shown) == 12
    assert last["text/plain"] == "… 2 more trials with pictures: %gage show RUN"
    assert [each["text/plain"] for each in batch if PNG not in each][-1] == last["text/plain"]


def test_trials_that_show_nothing_leave_the_panel_alone(kernel: Kernel, project: Path) -> None:
    (project / "hi.py").write_text("lr = 1\nprint(lr)")

    assert shown_by(kernel, "%gage_run hi.py lr=[3,4]") == []


def test_a_trial_is_shown_when_it_ends(kernel: Kernel, project: Path) -> None:
    os.mkfifo(project / "steps")
    wait = f"if lr == 4:\n    open({str(project / 'steps')!r}).close()\n"
    (project / "draw.py").write_text(DRAW + wait)

    cell = kernel.start("%gage_run draw.py lr=[3,4]")
    early: list[Message] = []
    for message in kernel.messages():
        early.append(message)
        if any(PNG in each for each in shown_in(early)):
            break
    (project / "steps").open("w").close()
    messages = kernel.rest(cell)

    assert errors(messages) == []
    assert shown_in(early)[0]["text/plain"].endswith("lr=3")
    assert [PNG in each for each in shown_in([*early, *messages])] == [False, True, False, True]


def test_the_best_and_the_last_trial_are_among_those_shown(kernel: Kernel, project: Path) -> None:
    (project / "draw.py").write_text(DRAW_QUICKLY)
    search = "--optimize minimize:loss --trials 14 --seed 3"

    *shown, last = shown_by(kernel, f"%gage_run draw.py 'lr=uniform(0,1)' {search} --as batch")
    again = shown_by(kernel, "batch")
    names = printed(kernel.run("print(batch.best().name, batch.runs[-1].name)")).split()

    lines = [each["text/plain"].split()[0] for each in shown if PNG not in each]
    assert len(lines) == 12
    assert set(names) < set(lines)
    assert last["text/plain"] == "… 2 more trials with pictures: %gage show RUN"
    assert again == [*shown, last]


def test_a_batch_in_the_background_shows_two_trials(kernel: Kernel, project: Path) -> None:
    steps = {lr: project / f"steps{lr}" for lr in (3, 4, 5)}
    for path in steps.values():
        os.mkfifo(path)
    wait = f"open({str(project / 'steps')!r} + str(lr)).close()\n"
    (project / "draw.py").write_text(DRAW.replace("times = 1", f"{wait}times = 1"))

    messages = kernel.run("%gage_run draw.py lr=[3,4,5] --bg")
    assert errors(messages) == []
    assert shown_in(messages) == []
    for path in steps.values():
        path.open("w").close()
    for message in kernel.messages():
        messages.append(message)
        if shown_in(messages)[-1:] and "1 more" in shown_in(messages)[-1]["text/plain"]:
            break

    assert [PNG in each for each in shown_in(messages)] == [False, True, False, True, False]
