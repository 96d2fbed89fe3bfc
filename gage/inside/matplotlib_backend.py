"""The Matplotlib backend of a run: `module://gage.inside.matplotlib_backend`.

`plt.show()` records the open figures as results of the run and closes them, as in a notebook;
`fig.show()` and `plt.pause()` record figures and leave them open. Figures that are open when the
program ends are recorded then. The backend is used if neither the program nor its environment
chooses another.
"""

from __future__ import annotations

import atexit

from matplotlib.backend_bases import FigureManagerBase, _Backend
from matplotlib.backends.backend_agg import FigureCanvasAgg

from gage.inside.figures import show_figure, show_figures, show_open_figures

__all__ = ["FigureCanvas", "FigureManager"]


class FigureManager(FigureManagerBase):
    """A figure of `plt.figure`; showing it records it."""

    def show(self) -> None:
        """Record the figure; it stays open."""
        show_figure(self.canvas.figure, self.num, close=False)

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Record all open figures, and close them unless `block` is False (`plt.pause`)."""
        show_figures(close=block is not False)


class FigureCanvas(FigureCanvasAgg):
    """A canvas in memory."""

    manager_class = FigureManager


@_Backend.export
class _GageBackend(_Backend):
    FigureCanvas = FigureCanvas
    FigureManager = FigureManager


atexit.register(show_open_figures)
