"""The results of a run below its panel: outputs of the cell, in order, live and saved.

Each result is a `display_data` with the run's own MIME bundle, so that Jupyter's trust applies to
it. A result of only text is not shown again: the panel has it. Steps of one picture, shown
repeatedly by the same line of the program, are folded: the newest stay, as many as fit into
`FOLD_BYTES`, so that an animation does not fill the notebook. The record has all of them.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from gage._internal.clock import now_us
from gage._internal.output.results import ResultsReader, is_rich, mime_bundle, size_of
from gage_nb.views.display import NOTHING, send_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gage._internal.output.results import Result
    from gage._internal.types import Run
    from gage_nb.views.panel_state import PanelState
    from gage_nb.views.view import View

__all__ = ["FOLD_BYTES", "WithResults", "bundle_of", "fold", "send_results"]

FOLD_BYTES = 600_000

# Outputs have the order in which they are sent: results wait for postponed parts of a panel.
_PANEL_AFTER_US = 250_000

_K = TypeVar("_K")


class Folded(NamedTuple, Generic[_K]):
    """The results that are shown, and the number of hidden steps for each newest hidden one."""

    shown: set[_K]
    hidden: dict[_K, int]


def fold(sizes: Iterable[tuple[_K, str, int]]) -> Folded[_K]:
    """Return which results are shown, given their origins and their sizes in bytes, in order.

    The newest of each origin is shown, and earlier ones as far as they fit into `FOLD_BYTES`.
    """
    shown: set[_K] = set()
    hidden: dict[_K, int] = {}
    held: dict[str, int] = {}
    newest_hidden: dict[str, _K] = {}
    for key, origin, size in reversed(list(sizes)):
        total = held.get(origin, 0) + size
        if origin not in newest_hidden and (origin not in held or total <= FOLD_BYTES):
            shown.add(key)
            held[origin] = total
        else:
            place = newest_hidden.setdefault(origin, key)
            hidden[place] = hidden.get(place, 0) + 1
    return Folded(shown, hidden)


class WithResults:
    """A view of a run, with the run's results below it.

    A thread other than the cell's can only replace outputs, not make them: a run in the background
    has one place, which has the newest result.
    """

    def __init__(self, run: Run, view: View[PanelState]) -> None:
        self._view = view
        self._run = run
        self._reader = ResultsReader(run.meta_dir)
        self._shown_us = 0
        self._place = ""
        # By number of the result: its output, and the version of that.
        self._outputs: dict[int, str] = {}
        self._versions: dict[int, int] = {}

    def show(self, state: PanelState) -> None:
        """Make the view, in the cell being executed."""
        self._view.show(state)
        self._shown_us = state.as_of_us

    def complete(self, state: PanelState) -> None:
        """Make the place for the newest result, since the cell ends before the run."""
        self._view.complete(state)
        self._place = f"gage-result-{self._run.id}-{now_us()}"
        send_output(NOTHING, self._place, update=False)

    def update(self, state: PanelState) -> None:
        """Show changed and new results."""
        self._view.update(state)
        if state.as_of_us - self._shown_us >= _PANEL_AFTER_US:
            self._send()

    def finish(self, state: PanelState) -> None:
        """Show what stays."""
        self._view.finish(state)
        self._send()

    def _send(self) -> None:
        if not self._reader.update():
            return
        rich = [result for result in self._reader.results if is_rich(result)]
        if self._place:
            newest = [result for result in rich if not result.cleared][-1:]
            bundle = bundle_of(self._run, newest[0]) if newest else NOTHING
            send_output(bundle, self._place, update=True)
            return
        for result in rich:
            if result.number not in self._outputs and not result.cleared:
                output = f"gage-result-{self._run.id}-{result.number}-{now_us()}"
                self._outputs[result.number] = output
                self._versions[result.number] = result.version
                send_output(bundle_of(self._run, result), output, update=False)
        self._replace(rich)

    def _replace(self, rich: list[Result]) -> None:
        """Replace results that were updated, cleared or folded since they were sent."""
        there = [each for each in rich if not each.cleared and each.number in self._outputs]
        folded = fold((each.number, each.origin, _sent_bytes(each)) for each in there)
        for result in rich:
            number = result.number
            if number not in self._outputs:
                continue
            # A version of the output: that of the result, or the number of hidden steps.
            hidden = folded.hidden.get(number, 0)
            version = result.version if number in folded.shown else -1 - hidden
            if self._versions[number] != version:
                self._versions[number] = version
                bundle = (
                    bundle_of(self._run, result) if version >= 0 else _hidden(self._run, hidden)
                )
                send_output(bundle, self._outputs[number], update=True)


def send_results(run: Run) -> None:
    """Show a run's recorded results again, as outputs of the cell being executed."""
    reader = ResultsReader(run.meta_dir)
    reader.update()
    rich = [result for result in reader.results if is_rich(result) and not result.cleared]
    folded = fold((each.number, each.origin, _sent_bytes(each)) for each in rich)
    for result in rich:
        hidden = folded.hidden.get(result.number, 0)
        if hidden or result.number in folded.shown:
            output = f"gage-result-{run.id}-{result.number}-{now_us()}"
            bundle = _hidden(run, hidden) if hidden else bundle_of(run, result)
            send_output(bundle, output, update=False)


def _hidden(run: Run, count: int) -> dict[str, Any]:
    """Return the line in place of earlier steps of a picture, nothing if there are none."""
    if not count:
        return NOTHING
    steps = "1 earlier step" if count == 1 else f"{count} earlier steps"
    text = f"… {steps} of this picture: in the record of {run.name}"
    return {"text/html": f"<small>{escape(text)}</small>", "text/plain": text}


def bundle_of(run: Run, result: Result) -> dict[str, Any]:
    """Return the bundle to send: the run's, without a second copy of a picture."""
    bundle = mime_bundle(run.meta_dir, result)
    if "image/png" in bundle:
        bundle.pop("image/jpeg", None)
    return bundle


def _sent_bytes(result: Result) -> int:
    return size_of(result) * 4 // 3
