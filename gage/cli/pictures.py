"""Pictures of a run in a terminal that can show them: kitty, iTerm2, those with sixel.

textual-image (the extra `pictures`) asks the terminal what it can, and reads its answer. What was
typed ahead may be taken for one, so that only `gage show` asks, and only for a run with pictures.
Without the package, in a pipe, and in a terminal that can show none, nothing is printed: names and
sizes are there in any case.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gage._internal.output.results import captions, picture_path

if TYPE_CHECKING:
    from gage._internal.store.recorded_run import RecordedRun

__all__ = ["print_pictures"]

_MOST = 4
_WIDTH_CELLS = 60


def print_pictures(run: RecordedRun) -> None:
    """Print the last pictures that a run showed, each below its caption."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "dumb") == "dumb":
        return
    shown = [
        (path, text)
        for result, text in captions(run.meta_dir)
        if (path := picture_path(run.meta_dir, result))
    ]
    if not shown:
        return
    try:
        from rich.console import Console
        from textual_image.renderable import Image, SixelImage, TGPImage
    except ModuleNotFoundError:
        return
    if not issubclass(Image, (SixelImage, TGPImage)):
        return
    console = Console()
    for path, text in shown[-_MOST:]:
        console.print(text, highlight=False, markup=False)
        console.print(Image(path, width=min(_WIDTH_CELLS, console.width - 2)))
