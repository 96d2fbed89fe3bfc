"""An output of a cell that is replaced as a whole whenever what it says has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gage._internal.clock import now_us

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOTHING", "DisplayView", "send_output"]

NOTHING = {"text/html": "", "text/plain": ""}

S = TypeVar("S")


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


def send_output(bundle: dict[str, Any], display_id: str, *, update: bool) -> None:
    """Publish an output, or replace the one of that id."""
    from IPython.display import publish_display_data

    publish_display_data(bundle, {}, transient={"display_id": display_id}, update=update)
