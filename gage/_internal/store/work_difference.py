"""Why no earlier run is the same work as a staged one, in words: what `--needed` says then."""

from __future__ import annotations

import json

from gage._internal.config.recorded import recorded_config
from gage._internal.errors import MetaError
from gage._internal.record.layout import run_meta_path
from gage._internal.record.manifest import read_manifest, verify
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import meta_opcmd
from gage._internal.text import listed, shortened, valid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gage._internal.types import Run

__all__ = ["damage_text", "difference_text"]

_MOST_SHOWN = 6
_MOST_CHARS = 60
# Runs are compared one by one, at most this many of the newest.
_MOST_COMPARED = 50

_KINDS = {"s": "", "d": "dependency ", "r": "runtime file "}


def difference_text(run: Run, others: Sequence[Run]) -> str:
    """Return how a staged run differs from the most similar of the others, in words.

    The others are sorted from the newest to the oldest; of equally similar ones the newest counts.
    """
    if not others:
        return "no run of this operation has completed before"
    own, own_patched = _parts(run), _patched(run)
    found: tuple[int, list[str], Run] | None = None
    for other in others[:_MOST_COMPARED]:
        try:
            count, texts = _differences(own, _parts(other), own_patched | _patched(other))
        except (MetaError, OSError, ValueError):
            continue  # a damaged run has done nothing that could be relied on
        if found is None or count < found[0]:
            found = count, texts, other
    if found is None:
        return "the runs of this operation that have completed cannot be read"
    _, texts, closest = found
    return f"unlike {closest.name}: {listed(texts, most=_MOST_SHOWN)}"


def damage_text(run: Run) -> str:
    """Return which files of a run are not as its manifest says, "" if all of them are."""
    try:
        damaged = [
            f"{valid(difference.path)} is {'gone' if difference.kind == 'missing' else 'changed'}"
            for difference in verify(run)
            if difference.kind != "added"
        ]
    except (MetaError, OSError) as error:
        return str(error)
    return listed(damaged, most=_MOST_SHOWN) if damaged else ""


class _Parts:
    """What makes a run the work that it is: values, environment, command, files by digest."""

    def __init__(self, config: dict[str, Any], env: Mapping[str, str], command: str) -> None:
        self.config = config
        self.env = env
        self.command = command
        self.files: dict[str, tuple[str, str]] = {}


def _parts(run: Run) -> _Parts:
    command = meta_opcmd(run)
    parts = _Parts(recorded_config(run), command.env, json.dumps(command.args))
    for type_, digest, path in read_manifest(run_meta_path(run, "manifest")):
        if type_ in _KINDS:
            parts.files[path] = (type_, digest)
    return parts


def _differences(own: _Parts, other: _Parts, patched: set[str]) -> tuple[int, list[str]]:
    """Return how much differs, and what, in words.

    Values are written into some files, `patched`; a difference of such a file is counted, but not
    reported beside that of its values.
    """
    found = []
    unsaid = 0
    for key in {**own.config, **other.config}:
        values = [_shown(parts.config.get(key, "not set")) for parts in (own, other)]
        if key not in own.config or key not in other.config or values[0] != values[1]:
            found.append(f"{key} is {values[0]}, was {values[1]}")
    has_other_values = bool(found)
    found += [
        f"the environment's {name} is another"
        for name in {**own.env, **other.env}
        if own.env.get(name) != other.env.get(name)
    ]
    if own.command != other.command and not has_other_values:
        found.append(f"its command is {_shown(json.loads(own.command))}")
    for path in sorted(own.files.keys() | other.files.keys()):
        mine, its = own.files.get(path), other.files.get(path)
        if mine == its:
            continue
        if has_other_values and path in patched:
            unsaid += 1
            continue
        what = f"{_KINDS[(mine or its or 's')[0]]}{valid(path)}"
        if mine is None or its is None:
            found.append(f"{what} is {'gone' if mine is None else 'new'}")
        else:
            found.append(f"{what} has changed")
    return len(found) + unsaid, found or ["its operation is defined otherwise"]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return shortened(valid(text), _MOST_CHARS)


def _patched(run: Run) -> set[str]:
    """Return the paths of the files that have the run's values."""
    patch = read_text(run, "log", "patched") or ""
    return {line[4:] for line in patch.splitlines() if line.startswith("+++ ")}
