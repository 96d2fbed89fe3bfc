"""The ways to show a run: widgets, a display that is updated, plain text, a terminal.

    widget   for notebooks that people see: core ipywidgets; a second output keeps the panel as
             HTML and text, for what is saved meanwhile and for readers without widgets
    html     an output that is replaced as a whole, for front ends without widgets and for
             notebooks that are executed with nobody looking
    text     the same as plain text
    stream   outside a kernel: what the run prints goes to the terminal as it comes

The first three end by replacing their output with the static panel, so that a saved notebook
shows what happened. They may be used from any thread: widgets and displays find their place by
id. What is sent has a bound, and nothing is sent when nothing has changed.
"""

from __future__ import annotations

import codecs
import importlib.util
import os
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from gage._internal.clock import now_us
from gage._internal.record.run_meta import run_meta_path
from gage_nb.views.panel import (
    CSS,
    PanelState,
    bar_html,
    foot_html,
    format_size,
    head_html,
    static_bundle,
    static_text,
    tail_html,
    time_html,
)
from gage_nb.views.terminal import UNFINISHED, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.types import Run

__all__ = ["NOTHING", "VIEWS", "DisplayView", "View", "choose_view", "make_view", "send_output"]

VIEWS = ("widget", "html", "text")

# What a terminal gets at most for one update; what a run prints beyond it is skipped, and said.
STREAM_BYTES = 65_536

# A run that is over sooner is not worth the thirty messages that its widgets are.
WIDGETS_AFTER_US = 250_000

# How often what a notebook keeps of a run that goes on is made new.
STILL_INTERVAL_US = 2_000_000

_WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
NOTHING = {"text/html": "", "text/plain": ""}


S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


class View(Protocol[S_contra]):
    """A place where a run is shown."""

    def show(self, state: S_contra) -> None:
        """Make the view, in the cell that runs."""

    def complete(self, state: S_contra) -> None:
        """Make what may have been put off; from now on the cell's thread has other work."""

    def update(self, state: S_contra) -> None:
        """Show what has changed."""

    def finish(self, state: S_contra) -> None:
        """Show what stays."""


def choose_view(view: str | None = None) -> str:
    """Return which view to use: `stream` outside of a kernel, else what is asked for or works.

    Raises
    ------
    ValueError
        If what is asked for (`view`, else `GAGE_VIEW`) is not known.
    """
    wanted = view or os.environ.get("GAGE_VIEW") or ""
    if wanted and wanted not in VIEWS:
        choices = ", ".join(VIEWS)
        raise ValueError(f"view (GAGE_VIEW): expected one of {choices}, found {wanted!r}")
    shell = _kernel_shell()
    if shell is None:
        return "stream"
    if wanted in {"html", "text"}:
        return wanted
    has_widgets = all(importlib.util.find_spec(name) for name in ("ipywidgets", "comm"))
    return "widget" if has_widgets and (wanted or _has_cells(shell)) else "html"


def _kernel_shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if getattr(shell, "kernel", None) is None else shell


def _has_cells(shell: Any) -> bool:
    """Tell whether who executes this says of which cell it is, as notebooks that people see do.

    nbclient, and with it papermill and builds of documentation, does not. It has nobody who looks
    at widgets, and what it saves would keep their models for ever.
    """
    request = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return bool((request or {}).get("metadata"))


def make_view(kind: str, run: Run, stop: Callable[[], object] | None = None) -> View[PanelState]:
    """Return a view of a kind that `choose_view` gives; `stop` is what its button calls."""
    if kind == "stream":
        return _StreamView(run)
    if kind == "widget":
        return _WidgetView(run, stop)
    kinds = ("text/plain",) if kind == "text" else ("text/html", "text/plain")
    return DisplayView(run.id, static_bundle, _content, kinds)


class DisplayView(Generic[S]):
    """An output that is replaced as a whole when what it says has changed.

    Parameters
    ----------
    key
        What it shows, a word that can be part of an id.
    bundle
        Gives the output for a state, as a MIME bundle.
    content
        Gives what a state says, without the moment at which it is said.
    kinds
        The MIME types that are sent.
    """

    def __init__(
        self,
        key: str,
        bundle: Callable[[S], dict[str, str]],
        content: Callable[[S], tuple[object, ...]],
        kinds: tuple[str, ...] = ("text/html", "text/plain"),
    ) -> None:
        self._display_id = f"gage-{key}-{now_us()}"
        self._kinds = kinds
        self._make_bundle = bundle
        self._content = content
        self._sent: tuple[object, ...] | None = None

    def show(self, state: S) -> None:
        """Make the output, in the cell that runs."""
        send_output(self._bundle(state), self._display_id, update=False)
        self._sent = self._content(state)

    def complete(self, state: S) -> None:
        """Do nothing: nothing was put off."""

    def update(self, state: S) -> None:
        """Replace the output if it says something else."""
        content = self._content(state)
        if content != self._sent:
            send_output(self._bundle(state), self._display_id, update=True)
            self._sent = content

    def finish(self, state: S) -> None:
        """Replace the output by what stays."""
        send_output(self._bundle(state), self._display_id, update=True)

    def _bundle(self, state: S) -> dict[str, Any]:
        bundle = self._make_bundle(state)
        return {kind: text for kind, text in bundle.items() if kind in self._kinds}


class _StillView(DisplayView[PanelState]):
    """What a notebook keeps of a run while widgets show it: the panel as it stood.

    `hidden_by` is the style by which widgets that are really there hide it. A front end that only
    says that it has no such widget has that hidden instead.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run.id, static_bundle, _content)
        self._made_us = 0
        self._here = f".jp-OutputArea-child:has(.{self._display_id})"
        self.hidden_by = f"<style>.{self._display_id},{self._here}{{display:none}}</style>"
        self._hides = (
            f"<style>{self._here}+.jp-OutputArea-child:not(:has(.gage)){{display:none}}</style>"
        )

    def show(self, state: PanelState) -> None:
        super().show(state)
        self._made_us = state.as_of_us

    def update(self, state: PanelState) -> None:
        if not 0 <= state.as_of_us - self._made_us < STILL_INTERVAL_US:
            super().update(state)
            self._made_us = state.as_of_us

    def finish(self, state: PanelState) -> None:
        send_output(super()._bundle(state), self._display_id, update=True)

    def _bundle(self, state: PanelState) -> dict[str, Any]:
        bundle = super()._bundle(state)
        panel = f"<div class={self._display_id}>{self._hides}{bundle['text/html']}</div>"
        return {**bundle, "text/html": panel}


class _WidgetView:
    """Core widgets, each of which is set when its own part has changed.

    No notebook can be relied on to save a widget: one that is saved while the run goes on, or a
    page that is loaded again, would say `Loading widget` for ever. So what is kept is an output
    of its own, and the one with the widgets is emptied at the end.
    """

    def __init__(self, run: Run, stop: Callable[[], object] | None) -> None:
        self._still = _StillView(run)
        self._display_id = f"gage-widgets-{run.id}-{now_us()}"
        self._stop = stop
        self._shown_us = 0
        self._widgets: list[Any] = []
        self._parts: dict[str, Any] = {}

    def show(self, state: PanelState) -> None:
        self._still.show(state)
        self._shown_us = state.as_of_us

    def complete(self, state: PanelState) -> None:
        if not self._widgets:
            self._show_widgets(state)

    def _show_widgets(self, state: PanelState) -> None:
        from ipywidgets import HTML, Button, HBox, Layout, VBox

        layouts = {
            "bar": Layout(flex="1 1 auto", margin="0 10px 0 0", min_width="0"),
            "charts": Layout(display=_display(state.charts)),
        }
        parts = {
            name: HTML(value, layout=layouts.get(name) or Layout())
            for name, value in _live_parts(state).items()
        }
        # The element that scrolls stays when its content is replaced, and so does its position.
        parts["tail"].add_class("scroll")
        row = [parts["bar"], parts["time"]]
        if self._stop is not None:
            button = Button(
                description="Stop",
                icon="stop",
                tooltip="Stop the run: SIGINT, then SIGTERM, then SIGKILL",
                layout=Layout(width="auto", height="26px", margin="0 0 0 10px"),
            )
            button.on_click(self._clicked)
            parts["button"] = button
            row.append(button)
        progress = HBox(row, layout=Layout(align_items="center"))
        names = ("head", "charts", "tail", "foot")
        head, charts, tail, foot = (parts[name] for name in names)
        style = HTML(CSS + self._still.hidden_by, layout=Layout(display="none"))
        box = VBox([style, head, progress, tail, charts, foot])
        box.add_class("gage")
        box.add_class("panel")
        self._parts = parts
        self._widgets = [box, *box.children, *row]
        view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
        send_output({_WIDGET_MIME: view, **NOTHING}, self._display_id, update=False)

    def update(self, state: PanelState) -> None:
        if not self._widgets:
            if state.as_of_us - self._shown_us >= WIDGETS_AFTER_US:
                self.complete(state)
            return
        for name, value in _live_parts(state).items():
            part = self._parts[name]
            if part.value != value:
                part.value = value
                if name == "charts":
                    part.layout.display = _display(value)
        self._still.update(state)

    def finish(self, state: PanelState) -> None:
        # First the truth, then the models go: the other way a front end shows their absence.
        self._still.finish(state)
        if self._widgets:
            send_output(NOTHING, self._display_id, update=True)
        for widget in self._widgets:
            for model in (widget, widget.layout, getattr(widget, "style", None)):
                if model is not None:
                    model.close()

    def _clicked(self, button: Any) -> None:
        button.disabled = True
        button.description = "Stopping…"
        if self._stop is not None:
            self._stop()


class _StreamView:
    """A terminal: what the run prints, as it comes, and a line about the run at both ends.

    Sequences that do more than move and colour (titles, clipboards, answers to questions) are
    left out. A run that prints faster than the terminal takes is not held back: what is skipped
    is said and stands on disk.
    """

    def __init__(self, run: Run) -> None:
        self._path = run_meta_path(run, "output", "40_run")
        self._offset = 0
        self._in_line = False
        self._held = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        # In the background nothing may be printed: it would go into what the user types.
        self._thread = threading.current_thread()

    def show(self, state: PanelState) -> None:
        self._print(f"{state.operation} {state.name}: {state.status}\n")

    def complete(self, state: PanelState) -> None:
        pass

    def update(self, state: PanelState) -> None:
        if threading.current_thread() is self._thread:
            self._copy(state, final=False)

    def finish(self, state: PanelState) -> None:
        if threading.current_thread() is not self._thread:
            return
        self._copy(state, final=True)
        if self._in_line:
            self._print("\n")
        self._print(static_text(state, with_tail=False) + "\n")

    def _copy(self, state: PanelState, *, final: bool) -> None:
        data = self._next_data(state.name)
        out = sys.stdout
        if not out.isatty():
            # A pipe or a file gets lines as they stand when they are complete.
            end = len(data) if final else data.rfind(b"\n") + 1
            self._offset -= len(data) - end
            self._print("".join(f"{line.text}\n" for line in render([(0, data[:end])])))
        elif data:
            text = self._held + self._decoder.decode(data, final)
            cut = UNFINISHED.search(text, max(0, len(text) - 256))
            self._held = text[cut.start() :] if cut else ""
            text = _NOT_SHOWN.sub("", text[: len(text) - len(self._held)])
            self._print(text)
            self._in_line = not text.endswith("\n") if text else self._in_line

    def _next_data(self, name: str) -> bytes:
        try:
            with Path(self._path).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                if size - self._offset > 2 * STREAM_BYTES:
                    file.seek(size - STREAM_BYTES)
                    skipped = file.read(STREAM_BYTES)
                    begin = skipped.find(b"\n") + 1
                    left_out = size - STREAM_BYTES + begin - self._offset
                    self._offset += left_out
                    self._print(f"\n… {format_size(left_out)} not shown: gage output {name}\n")
                file.seek(self._offset)
                data = file.read(2 * STREAM_BYTES)
        except FileNotFoundError:
            return b""
        self._offset += len(data)
        return data

    @staticmethod
    def _print(text: str) -> None:
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()


_NOT_SHOWN = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[^0-?ABCDEFGJKm]"
    r"|\x1b(?!\[)[ -/]*[0-~]|[\x00-\x07\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)


def send_output(bundle: dict[str, Any], display_id: str, *, update: bool) -> None:
    """Publish an output, or replace the one of that id."""
    from IPython.display import publish_display_data

    publish_display_data(bundle, {}, transient={"display_id": display_id}, update=update)


def _display(content: str) -> str | None:
    return None if content else "none"


def _live_parts(state: PanelState) -> dict[str, str]:
    return {
        "head": head_html(state),
        "bar": bar_html(state),
        "time": time_html(state),
        "tail": tail_html(state),
        "charts": state.charts,
        "foot": foot_html(state),
    }


def _content(state: PanelState) -> tuple[object, ...]:
    """Return what a panel says, without the moment at which it is said."""
    return tuple(_live_parts(state).values())
