"""One thing that is wrong in a directory of runs: what it is, and what can be done."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from gage._internal.errors import GageError
from gage._internal.record.layout import META_SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Finding", "mend_all"]

_MOST_ROUNDS = 4


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes
    ----------
    run
        The name of the run, or of the batch.
    path
        The file or directory, relative to the directory of runs.
    problem
        What is wrong, in words.
    remedy
        What repairing does, or what the user can do.
    done
        What was done; "" if nothing was.
    is_mended
        Whether nothing is left to be done.
    """

    run: str
    path: str
    problem: str
    remedy: str
    done: str = ""
    is_mended: bool = False
    mend: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    @property
    def file(self) -> str:
        """The file of the side-car; "" for a run or a batch as a whole."""
        return self.path.partition(f"{META_SUFFIX}/")[2]

    @property
    def sentence(self) -> str:
        """What is wrong, with the file of the side-car."""
        return f"{self.file}: {self.problem}" if self.file else self.problem

    @property
    def row(self) -> dict[str, Any]:
        """The finding as a row of a report."""
        return {
            "run": self.run,
            "path": self.path,
            "problem": self.problem,
            "remedy": self.remedy,
            "done": self.done,
            "mended": self.is_mended,
        }

    def mended(self) -> Finding:
        """Repair it, if that is possible; return it with what was done."""
        if self.mend is None:
            return self
        try:
            return dataclasses.replace(self, done=self.mend(), is_mended=True, mend=None)
        except (GageError, OSError, ValueError) as error:
            return dataclasses.replace(self, done=f"could not be repaired: {error}", mend=None)


def mend_all(examine: Callable[[], list[Finding]]) -> list[Finding]:
    """Repair what is found until nothing new is; return all findings.

    A repair can bring something to light, such as the leftovers of a run that is finalised now.
    """
    findings: dict[tuple[str, str], Finding] = {}
    for _ in range(_MOST_ROUNDS):
        new = [each for each in examine() if (each.path, each.problem) not in findings]
        if not new:
            break
        findings |= {(each.path, each.problem): each.mended() for each in new}
    for each in examine():
        findings[each.path, each.problem] = dataclasses.replace(
            findings.get((each.path, each.problem), each), is_mended=False, mend=None
        )
    return list(findings.values())
