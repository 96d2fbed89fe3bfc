"""Pictures: at most 60 kB, twice as many pixels as are shown."""

from __future__ import annotations

import builtins
import io
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gage._internal.errors import GageError
from gage_nb.plots.curves import Curve, draw_curves
from gage_nb.plots.picture import COLOURS, MAX_BYTES, new_axes, png_of, showing, style


def noise(count: int, points: int) -> list[Curve]:
    random = np.random.default_rng(0)
    x = np.arange(points, dtype=float)
    return [Curve(f"run {n}", x, random.normal(n, 1, points), n) for n in range(count)]


@pytest.mark.parametrize(("count", "points"), [(5, 200_000), (14, 900), (100, 900)])
def test_a_picture_is_small_whatever_the_number_of_points(count: int, points: int) -> None:
    with style():
        axes = new_axes()
        draw_curves(axes, noise(count, points), "lr")

    assert len(png_of(axes.figure)) <= MAX_BYTES  # type: ignore[arg-type]


def test_axes_are_displayed_as_their_picture() -> None:
    axes = showing(new_axes(4, 3))
    axes.set_title("changed before it is shown")

    own: Any = axes
    data, metadata = own._repr_mimebundle_()

    assert metadata == {"image/png": {"width": 400, "height": 300}}
    with Image.open(io.BytesIO(b64decode(data["image/png"]))) as picture:
        assert picture.size == (800, 600)
    assert "Axes" in data["text/plain"]


def test_the_style_is_ours_only_inside() -> None:
    import matplotlib as mpl

    before = mpl.rcParams["axes.grid"]
    with style():
        assert mpl.rcParams["axes.grid"]

    assert mpl.rcParams["axes.grid"] == before


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_colour_is_seen_on_white() -> None:
    assert all(1.05 / (luminance(colour) + 0.05) >= 2 for colour in COLOURS)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "matplotlib":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(GageError, match=r"pip install 'gage\[pictures\]'"):
        style()
