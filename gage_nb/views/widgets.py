"""Core ipywidgets, beside an output that keeps what they show.

A second output keeps the panel as HTML and text, for what is saved meanwhile and for readers
without widgets. At the end only that one stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gage._internal.clock import now_us
from gage_nb.views.batch_state import BatchState
from gage_nb.views.display import NOTHING, DisplayView, send_output
from gage_nb.views.panel_state import PanelState
from gage_nb.views.panel_style import CSS
from gage_nb.views.run_panel import live_content, live_parts, static_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from gage._internal.types import Run

__all__ = ["StoppableView", "WidgetView"]

# A run that is over sooner is not worth the thirty messages that its widgets are.
WIDGETS_AFTER_US = 250_000

# How often what a notebook keeps of a run that goes on is made new.
STILL_INTERVAL_US = 2_000_000

_WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


class _StillView(DisplayView[PanelState]):
    """What a notebook keeps of a run while widgets show it: the panel as it stood.

    `hidden_by` is the style by which widgets that are really there hide it. A front end that only
    says that it has no such widget has that hidden instead.
    """

    def __init__(self, run: Run) -> None:
        super().__init__(run.id, static_bundle, live_content)
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


class WidgetView:
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
        """Make the output that is kept; the widgets follow once the run is worth them."""
        self._still.show(state)
        self._shown_us = state.as_of_us

    def complete(self, state: PanelState) -> None:
        """Make the widgets."""
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
            for name, value in live_parts(state).items()
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
        """Set each widget whose part has changed."""
        if not self._widgets:
            if state.as_of_us - self._shown_us >= WIDGETS_AFTER_US:
                self.complete(state)
            return
        for name, value in live_parts(state).items():
            part = self._parts[name]
            if part.value != value:
                part.value = value
                if name == "charts":
                    part.layout.display = _display(value)
        self._still.update(state)

    def finish(self, state: PanelState) -> None:
        """Leave the static panel alone, and close the widgets."""
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


def _display(content: str) -> str | None:
    return None if content else "none"


class StoppableView(DisplayView[BatchState]):
    """The panel, and a Stop button below it."""

    def __init__(self, *args: Any, stop: Callable[[], object]) -> None:
        super().__init__(*args)
        self._stop = stop
        self._button: Any = None

    def show(self, state: BatchState) -> None:
        """Make both outputs."""
        super().show(state)
        from ipywidgets import Button, Layout

        self._button = Button(
            description="Stop",
            icon="stop",
            tooltip="Stop what runs, begin nothing more",
            layout=Layout(width="auto", height="26px"),
        )
        self._button.on_click(self._clicked)
        view = {"version_major": 2, "version_minor": 0, "model_id": self._button.model_id}
        bundle = {_WIDGET_MIME: view, **NOTHING}
        send_output(bundle, f"{self._display_id}-stop", update=False)

    def finish(self, state: BatchState) -> None:
        """Leave the panel alone: an output with a widget that is gone would say so."""
        super().finish(state)
        if self._button is not None:
            send_output(NOTHING, f"{self._display_id}-stop", update=True)
            for model in (self._button, self._button.layout, self._button.style):
                model.close()

    def _clicked(self, button: Any) -> None:
        button.disabled = True
        button.description = "Stopping…"
        self._stop()
