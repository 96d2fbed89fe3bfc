"""Figures as pictures: PNG at twice the size that is shown, of at most 60 kB.

A picture that would be larger has fewer colours, then fewer pixels.

A figure is drawn without `pyplot`, so that nothing of the notebook's own figures changes. Axes that
`showing` returns are displayed by IPython as the picture of their figure, drawn when they are
displayed, so that a cell may change them before.
"""

from __future__ import annotations

import io
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from gage._internal.errors import GageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "MAX_BYTES", "STYLE", "new_axes", "png_of", "showing", "style"]

MAX_BYTES = 60_000
DPI = 100
SCALE = 2
_COLOURS_OF_PALETTE = (256, 96, 48)

# Okabe and Ito, Color Universal Design (https://jfly.uni-koeln.de/color/): told apart by people who
# do not see red or green. Yellow is left out, which is too light on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

STYLE: Any = {
    "axes.edgecolor": "#444444",
    "axes.facecolor": "white",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": "#222222",
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "grid.alpha": 0.9,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "text.color": "#222222",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
}


def new_axes(width: float = 6.4, height: float = 3.8) -> Axes:
    """Return the axes of a new figure; sizes in inches."""
    with style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        axes: Axes = figure.subplots()
    return axes


def style() -> AbstractContextManager[None]:
    """Return a context in which Matplotlib draws in our style.

    Raises
    ------
    GageError
        If Matplotlib is missing.
    """
    try:
        from matplotlib import rc_context
    except ImportError:
        raise GageError("plots need Matplotlib: pip install 'gage[pictures]'") from None
    return rc_context(STYLE)


def showing(axes: Axes) -> Axes:
    """Return the same axes, now displayed by IPython as the picture of their figure."""

    def bundle(**_: object) -> tuple[dict[str, str], dict[str, Any]]:
        data = png_of(_figure_of(axes))
        width, height = _figure_of(axes).get_size_inches() * DPI
        found = {"image/png": b64encode(data).decode(), "text/plain": repr(axes)}
        return found, {"image/png": {"width": round(width), "height": round(height)}}

    own: Any = axes
    own._repr_mimebundle_ = bundle  # the name is IPython's
    return axes


def png_of(figure: Figure, max_bytes: int = MAX_BYTES) -> bytes:
    """Return a figure as PNG of at most `max_bytes`, with fewer colours or pixels if needed."""
    data = b""
    for data in _versions(figure):
        if len(data) <= max_bytes:
            break
    return data


def _versions(figure: Figure) -> Iterator[bytes]:
    """Yield the picture in smaller and smaller versions."""
    from PIL import Image

    for scale in (SCALE, 1.5, 1.25, 1.0, 0.75, 0.5):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI * scale)
        buffer.seek(0)
        with Image.open(buffer) as opened:
            picture = opened.convert("RGB")
        for colours in _COLOURS_OF_PALETTE:
            reduced = picture.quantize(
                colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
            buffer = io.BytesIO()
            reduced.save(buffer, format="png", optimize=True)
            yield buffer.getvalue()


def _figure_of(axes: Axes) -> Figure:
    figure: Any = axes.get_figure(root=True)
    return figure  # type: ignore[no-any-return]
