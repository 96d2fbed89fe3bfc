"""What the views send, from states at given times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gage_nb.views.choosing import choose_view
from tests.kernels import Kernel, displays, errors, kinds, printed, updates

ROOT = Path(__file__).parents[3]

SETUP = """
import dataclasses, gage
from gage_nb.views.run_state import read_state
from gage_nb.views.choosing import make_view
run = gage.run("hi.py", stage=True)
state = dataclasses.replace(read_state(run), status="running", started_us=0, as_of_us=10_000_000)
def later(seconds, **changes):
    as_of_us = state.as_of_us + round(seconds * 1e6)
    return dataclasses.replace(state, as_of_us=as_of_us, **changes)
view = make_view("widget", run)
"""


@pytest.fixture
def kernel(project: Path, runs_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (project / "hi.py").write_text("")
    kernel = Kernel()
    try:
        assert not errors(kernel.run(SETUP))
        yield kernel
    finally:
        kernel.close()


def test_what_is_saved_beside_widgets_is_made_new_every_two_seconds(kernel: Kernel) -> None:
    kernel.run("view.show(state); view.complete(state)")

    soon = kernel.run("view.update(later(1.9, line_count=5))")
    then = kernel.run("view.update(later(2.1, line_count=7))")
    again = kernel.run("view.update(later(2.3, line_count=8))")

    assert "comm_msg" in kinds(soon)
    assert not updates(soon)
    (still,) = updates(then)
    assert "7 lines" in still["text/html"]
    assert "as it was at" in still["text/plain"]
    assert not updates(again)


def test_a_panel_that_ends_before_its_run_hides_nothing(kernel: Kernel) -> None:
    shown = kernel.run("view.show(state); view.complete(state)")

    finished = kernel.run("view.finish(later(1))")

    assert len(displays(shown)) == 3  # the panel, its widgets, the place for the newest result
    (last,) = updates(finished)
    assert "display:none}" not in last["text/html"].partition("</style>")[2]
    assert ":has(" not in last["text/html"]
    assert kinds(shown).count("comm_open") == kinds(finished).count("comm_close")


def test_models_of_widgets_are_gone_at_the_end(kernel: Kernel) -> None:
    kernel.run("view.show(state); view.complete(state); view.finish(later(1))")

    found = kernel.run("import ipywidgets; print(len(ipywidgets.widget._instances))")

    assert printed(found) == "0\n"


def test_what_is_executed_with_nobody_looking_gets_no_widgets(kernel: Kernel) -> None:
    code = "from gage_nb.views.choosing import choose_view as f\nprint(f(), f('widget'))"

    seen = kernel.run(code)
    unseen = kernel.rest(kernel.client.execute(code))

    assert printed(seen) == "widget widget\n"
    assert printed(unseen) == "html widget\n"


def test_outside_of_a_kernel_the_view_is_the_terminal() -> None:
    assert choose_view("html") == "stream"


def test_a_view_that_is_not_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAGE_VIEW", "movie")

    with pytest.raises(ValueError, match="expected one of widget, html, text, found 'movie'"):
        choose_view()
