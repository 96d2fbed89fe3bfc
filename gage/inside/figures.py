"""The Matplotlib figures of a run: as PNG at their own resolution, shown once.

The picture is the figure's canvas. If something extends beyond it, such as a legend beside the
axes, the picture is larger and includes it.
"""

from __future__ import annotations

import io
import sys
from typing import Any

from gage.inside.result_log import origin_of, publish

__all__ = ["png_of", "show_figures", "show_open_figures"]

# Open figures that `fig.show()` or `plt.pause()` has shown, by number: the id for updates and the
# picture.
_shown: dict[int | str, tuple[str, bytes]] = {}


def png_of(figure: Any) -> bytes:
    """Return a figure as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = figure.canvas
    if not hasattr(canvas, "print_png"):
        canvas = FigureCanvasAgg(figure)
    data = io.BytesIO()
    canvas.print_figure(
        data,
        format="png",
        dpi=figure.dpi,
        facecolor=figure.get_facecolor(),
        edgecolor=figure.get_edgecolor(),
        bbox_inches=_larger_box(figure, canvas),
    )
    return data.getvalue()


def show_figures(*, close: bool = True) -> None:
    """Show open figures that are new or have changed; close them."""
    from matplotlib import _pylab_helpers

    managers = _pylab_helpers.Gcf.get_all_fig_managers()
    for manager in managers:
        show_figure(manager.canvas.figure, manager.num, close=close)
    if close and managers:
        import matplotlib.pyplot as plt

        _shown.clear()
        plt.close("all")


def show_figure(figure: Any, number: int | str, *, close: bool) -> None:
    """Show a figure; if it stays open and is shown again, the new picture replaces the old."""
    name, picture_before = _shown.get(number, ("", b""))
    picture = png_of(figure)
    if picture == picture_before:
        return
    update = bool(name)
    if not name and not close:
        name = f"figure-{number}-{id(figure):x}"
    data = {"image/png": picture, "text/plain": repr(figure)}
    publish(data, kind="figure", display_id=name, update=update, origin=_origin(figure))
    if not close:
        _shown[number] = name, picture


def show_open_figures() -> None:
    """Show figures that are open at the end of a program that uses `matplotlib.pyplot`."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is not None and helpers.Gcf.get_all_fig_managers():
        show_figures()


def _larger_box(figure: Any, canvas: Any) -> Any:
    """Return a larger box in inches if something is drawn outside the canvas, else None."""
    from matplotlib.transforms import Bbox

    whole = figure.bbox_inches
    try:
        drawn = figure.get_tightbbox(canvas.get_renderer())
    except Exception:  # noqa: BLE001 - what is drawn may raise anything; drawing itself says it
        return None
    if drawn is None:
        return None
    margin = 1 / figure.dpi
    if (
        drawn.x0 >= whole.x0 - margin
        and drawn.y0 >= whole.y0 - margin
        and drawn.x1 <= whole.x1 + margin
        and drawn.y1 <= whole.y1 + margin
    ):
        return None
    return Bbox.union([whole, drawn.padded(0.05)])


def _origin(figure: Any) -> str:
    """Return the origin of a figure: the program's line, its titles and labels."""
    words = []
    for axes in figure.axes:
        words += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
    label = " ".join(word for word in words if word)
    return origin_of(f"figure {len(figure.axes)} {label}".rstrip())
