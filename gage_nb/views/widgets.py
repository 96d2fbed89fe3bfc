"""Core ipywidgets, beside an output that keeps their content.

Notebooks do not save widgets reliably: a notebook that is saved during a run, or a page that is
loaded again, would show `Loading widget` for ever. So the panel as HTML and text is another output,
which is hidden as long as widgets with a live kernel show the same. When the kernel is gone, this
snapshot is visible instead of the widgets, and at the end it is the only one left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gage._internal.clock import now_us
from gage_nb.views.display import NOTHING, DisplayView, send_output
from gage_nb.views.panel_style import CSS
from gage_nb.views.view import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from gage_nb.views.view import Face

__all__ = ["WidgetView"]

# What is over sooner is not worth the thirty messages that its widgets are.
WIDGETS_AFTER_US = 250_000

# How often the snapshot that a notebook keeps is made new.
STILL_INTERVAL_US = 2_000_000

_WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
_ROW = ("bar", "time")

_NO_KERNEL = ",".join(f"[data-status={each}]" for each in ("unknown", "dead", "terminating"))
_WITHOUT_KERNEL = f".jp-NotebookPanel:has(.jp-Notebook-ExecutionIndicator:is({_NO_KERNEL}))"

S = TypeVar("S", bound=Snapshot)


class _StillView(DisplayView[S]):
    """The snapshot.

    Its style lets live widgets hide it, and hides them when their kernel is gone. In a front end
    without such widgets, its message about that is hidden.
    """

    def __init__(self, key: str, face: Face[S], box_class: str) -> None:
        super().__init__(key, face)
        self._made_us = 0
        name = self._display_id
        here = f".jp-OutputArea-child:has(.{name})"
        # ipywidgets marks a widget whose kernel restarts, each of them by itself. After a shutdown
        # only the notebook's toolbar says that there is none.
        gone = f".{box_class}:is(.jupyter-widgets-disconnected,:has(.jupyter-widgets-disconnected))"
        area = f".jp-OutputArea:not(:has({gone})):not({_WITHOUT_KERNEL} *)"
        self.hidden_by = (
            f"<style>{area} .{name},{area} {here}{{display:none}}"
            f".jp-OutputArea {gone},{_WITHOUT_KERNEL} .{box_class}{{display:none}}</style>"
        )
        self._hides = f"<style>{here}+.jp-OutputArea-child:not(:has(.gage)){{display:none}}</style>"

    def show(self, state: S) -> None:
        super().show(state)
        self._made_us = state.as_of_us

    def update(self, state: S) -> None:
        if not 0 <= state.as_of_us - self._made_us < STILL_INTERVAL_US:
            super().update(state)
            self._made_us = state.as_of_us

    def finish(self, state: S) -> None:
        send_output(super()._bundle(state), self._display_id, update=True)

    def _bundle(self, state: S) -> dict[str, Any]:
        bundle = super()._bundle(state)
        panel = f"<div class={self._display_id}>{self._hides}{bundle['text/html']}</div>"
        return {**bundle, "text/html": panel}


class WidgetView(Generic[S]):
    """Core widgets, each of which is updated when its part has changed.

    Parameters
    ----------
    key
        What it shows, a word that can be part of an id.
    face
        How it looks.
    stop
        The function that the Stop button calls; without it there is no button.
    stop_tooltip
        The tooltip of the button.
    """

    def __init__(
        self,
        key: str,
        face: Face[S],
        stop: Callable[[], object] | None = None,
        stop_tooltip: str = "",
    ) -> None:
        self._display_id = f"gage-widgets-{key}-{now_us()}"
        self._still = _StillView(key, face, self._display_id)
        self._face = face
        self._stop = stop
        self._stop_tooltip = stop_tooltip
        self._shown_us = 0
        self._widgets: list[Any] = []
        self._parts: dict[str, Any] = {}

    def show(self, state: S) -> None:
        """Make the snapshot; the widgets follow later if the run is long enough."""
        self._still.show(state)
        self._shown_us = state.as_of_us

    def complete(self, state: S) -> None:
        """Make the widgets."""
        if not self._widgets:
            self._show_widgets(state)

    def _show_widgets(self, state: S) -> None:
        from ipywidgets import HTML, HBox, Layout, VBox

        bar = {"flex": "1 1 auto", "margin": "0 10px 0 0", "min_width": "0"}
        values = self._face.parts(state)
        for name, value in values.items():
            layout = Layout(display=_display(value), **(bar if name == "bar" else {}))
            self._parts[name] = HTML(value, layout=layout)
        if "tail" in self._parts:
            # The scrolling element stays when its content is replaced, and keeps its position.
            self._parts["tail"].add_class("scroll")
        row = [self._parts[name] for name in _ROW]
        if self._stop is not None:
            row.append(self._button())
        others = [part for name, part in self._parts.items() if name not in _ROW]
        style = HTML(CSS + self._still.hidden_by, layout=Layout(display="none"))
        progress = HBox(row, layout=Layout(align_items="center"))
        box = VBox([style, others[0], progress, *others[1:]])
        for name in ("gage", "panel", self._display_id):
            box.add_class(name)
        self._widgets = [box, *box.children, *row]
        view = {"version_major": 2, "version_minor": 0, "model_id": box.model_id}
        send_output({_WIDGET_MIME: view, **NOTHING}, self._display_id, update=False)

    def _button(self) -> Any:
        from ipywidgets import Button, Layout

        button = Button(
            description="Stop",
            icon="stop",
            tooltip=self._stop_tooltip,
            layout=Layout(width="auto", height="26px", margin="0 0 0 10px"),
        )
        button.on_click(self._clicked)
        return button

    def update(self, state: S) -> None:
        """Update each widget whose part has changed."""
        if not self._widgets:
            if state.as_of_us - self._shown_us >= WIDGETS_AFTER_US:
                self.complete(state)
            return
        for name, value in self._face.parts(state).items():
            part = self._parts[name]
            if part.value != value:
                part.value = value
                if part.layout.display != _display(value):
                    part.layout.display = _display(value)
        self._still.update(state)

    def finish(self, state: S) -> None:
        """Leave only the snapshot, and close the widgets."""
        # The snapshot comes before the models are closed: else a front end shows their absence.
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
