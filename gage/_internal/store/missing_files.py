"""Files of the project that a failed run looked for and did not find.

Their names are read from the last lines of the output, in the messages of Python, shells and common
libraries. The project is the directory that the run was started in (`sys/project`).
"""

from __future__ import annotations

import os

from gage._internal.named import NamedTuple
from gage._internal.output.reader import OutputReader
from gage._internal.record.layout import RUN_OUTPUT, run_meta_path
from gage._internal.record.run_meta import meta_opcmd, meta_opdef, read_attr
from gage._internal.record.status import read_status
from gage._internal.record.working_directory import work_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gage._internal.types import Run

__all__ = ["MissingFile", "missing_files", "missing_files_hint"]


class MissingFile(NamedTuple):
    """A file of the project that a run did not have.

    `path` is relative to the project, `reason` says why the run did not have it, `option` adds it.
    """

    path: str
    reason: str
    option: str


_TAIL_BYTES = 32 << 10
_PATTERNS = (
    r"No such file or directory: b?(['\"])(?P<name>.+?)\1",
    r"Error: (?:File |file )?(['\"]?)(?P<name>[^'\"\n]+?)\1 (?:not found|does not exist)",
    r"ModuleNotFoundError: No module named (['\"])(?P<name>[\w.]+)\1",
    r"^\S+: (?:cannot (?:open|access) )?'?(?P<name>[^\s':]+)'?: No such file or directory$",
    r"can't open file '(?P<name>.+?)': \[Errno 2\]",
)
_COLOUR = r"\x1b\[[0-9;]*m"


def missing_files(run: Run) -> list[MissingFile]:
    """Return the files of the project that a failed run says it did not find."""
    project = str(read_attr(run, "sys", "project", ""))
    if read_status(run).name != "error" or not os.path.isdir(project):
        return []
    found: dict[str, MissingFile] = {}
    for name in _names(run):
        for path in _candidates(run, name):
            full_path = os.path.normpath(os.path.join(project, path))
            in_run = os.path.lexists(os.path.join(work_dir(run), path))
            if os.path.exists(full_path) and not in_run:
                found.setdefault(path, MissingFile(path, _reason(run, path), f"--with {path}"))
                break
    return list(found.values())


def missing_files_hint(run: Run) -> str:
    """Return a line for each missing file, for the error of the run; "" if there is none."""
    return "\n".join(
        f"{path} exists in the project but not in the run: {reason}. Add it with {option}."
        for path, reason, option in missing_files(run)
    )


def _names(run: Run) -> Iterator[str]:
    import re

    tail = OutputReader(run_meta_path(run, "output", RUN_OUTPUT)).tail(_TAIL_BYTES)
    text = re.sub(_COLOUR, "", tail.decode("utf-8", "replace"))
    for pattern in _PATTERNS:
        for match in re.finditer(pattern, text, re.MULTILINE):
            yield match["name"]


def _candidates(run: Run, name: str) -> list[str]:
    """Return the paths, relative to the project, that a name in the output may mean."""
    if os.path.isabs(name):
        below = os.path.relpath(name, work_dir(run))
        return [] if below.startswith("..") and not name.startswith(run.run_dir) else [below]
    names = [name]
    if "/" not in name:
        module = name.replace(".", "/")
        names += [f"{module}.py", module]
    return names


def _reason(run: Run, path: str) -> str:
    parts = path.split("/")
    if any(part.startswith(".") and part != ".." for part in parts):
        return "it is hidden, and maybe secret"
    if meta_opdef(run).src is not None and ".." in parts:
        return "it is not below the Gage file"
    if path.endswith(".py"):
        return "the operation's source code leaves it out"
    command = meta_opcmd(run).args
    words = command if isinstance(command, list) else [command]
    named = os.path.basename(path) in " ".join(words)
    return "its name is made while the program runs" if not named else "it was not looked for"
