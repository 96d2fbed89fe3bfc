"""An output of a cell that is replaced as a whole when its content has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gage._internal.clock import now_us
from gage_nb.views.view import Snapshot

if TYPE_CHECKING:
    from gage_nb.views.view import Face

__all__ = ["NOTHING", "DisplayView", "send_output"]

NOTHING = {"text/html": "", "text/plain": ""}

S = TypeVar("S", bound=Snapshot)


class DisplayView(Generic[S]):
    """An output that is replaced as a whole when its content has changed.

    Parameters
    ----------
    key
        What it shows, a word that can be part of an id.
    face
        How it looks.
    kinds
        The MIME types that are sent.
    """

    def __init__(
        self, key: str, face: Face[S], kinds: tuple[str, ...] = ("text/html", "text/plain")
    ) -> None:
        self._display_id = f"gage-{key}-{now_us()}"
        self._kinds = kinds
        self._face = face
        self._sent: tuple[str, ...] | None = None

    def show(self, state: S) -> None:
        """Make the output, in the cell being executed."""
        send_output(self._bundle(state), self._display_id, update=False)
        self._sent = self._face.content(state)

    def complete(self, state: S) -> None:
        """Do nothing: nothing was postponed."""

    def update(self, state: S) -> None:
        """Replace the output if its content has changed."""
        content = self._face.content(state)
        if content != self._sent:
            send_output(self._bundle(state), self._display_id, update=True)
            self._sent = content

    def finish(self, state: S) -> None:
        """Replace the output by its final content."""
        send_output(self._bundle(state), self._display_id, update=True)

    def _bundle(self, state: S) -> dict[str, Any]:
        bundle = self._face.bundle(state)
        return {kind: text for kind, text in bundle.items() if kind in self._kinds}


def send_output(bundle: dict[str, Any], display_id: str, *, update: bool) -> None:
    """Publish an output, or replace the one with that id."""
    from IPython.display import publish_display_data

    publish_display_data(bundle, {}, transient={"display_id": display_id}, update=update)
