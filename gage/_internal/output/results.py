r"""The results that a run showed: figures, values and displayed objects, in their order.

Each process that shows something has its own file in the side-car, `results/STARTED-PID` (epoch
microseconds, so that the names sort by time), in UTF-8, with a JSON object on each line:

    gage-results 1                           the version of this format
    {"event": "show", "time_us": 1763853000123456, "kind": "figure", "at": 120, "printed": 0,
     "id": "", "origin": "train.py:31 loss", "data": {"text/plain": "<Figure …>"},
     "files": {"image/png": ["9f86…", 21375]}, "metadata": {}, "left_out": {}}
    {"event": "update", "time_us": …, "id": "bar", "data": …, "files": …, …}
    {"event": "clear", "time_us": …, "at": 350, "wait": true}

    event     `show` shows a result; `update` replaces those with this id; `clear` removes all that
              the process has shown, with `wait` only when it shows the next
    kind      `value` (of a cell's last expression), `figure` or `display`
    at        its place in the run's output (`output/40_run`): offset in bytes
    printed   the number of bytes printed there for it: `text/plain`, if there is no picture
    id        the id for updates, or empty
    origin    its place in the program, and what it is: results with the same origin are steps of
              one picture
    data      parts by MIME type: text, or JSON for types that end in `json`
    files     large parts and pictures, sha256 and size in bytes by MIME type: `results/data/SHA256`
              holds the bytes
    metadata  the metadata that `display` was given
    left_out  sizes in bytes, by MIME type, of parts beyond `MAX_PART_BYTES`, or after
              `MAX_TOTAL_BYTES` of the process: they are not recorded, and its stderr says so

Lines are appended, each with one write. A last line without its line end is ignored: it is still
being written, or its writer was killed.
"""

from __future__ import annotations

import os

from gage._internal.errors import MetaError
from gage._internal.light_json import loads
from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any


__all__ = [
    "DATA_DIR",
    "HEADER",
    "INLINE_BYTES",
    "MAX_PART_BYTES",
    "MAX_TOTAL_BYTES",
    "RESULTS_DIR",
    "Result",
    "ResultsReader",
    "caption",
    "captions",
    "is_rich",
    "is_text",
    "mime_bundle",
    "picture_path",
    "picture_size",
    "printed_text",
    "read_results",
    "size_of",
]

RESULTS_DIR = "results"
DATA_DIR = "data"
HEADER = "gage-results 1"

INLINE_BYTES = 4096
"""The size up to which a text is stored in the line itself."""
MAX_PART_BYTES = 64 << 20
MAX_TOTAL_BYTES = 1 << 30


class Result(NamedTuple):
    """A result that a run showed, in its present state; the module describes the fields.

    `number` counts from 1 in the order of time; `source` is the file of the process that showed it;
    `version` counts its updates; `cleared` is True if the program removed it (`clear_output`).
    """

    number: int
    time_us: int
    kind: str
    at: int
    printed: int
    id: str
    origin: str
    data: Mapping[str, Any]
    files: Mapping[str, tuple[str, int]]
    metadata: Mapping[str, Any]
    left_out: Mapping[str, int]
    source: str
    version: int
    cleared: bool


_PARTS = ("data", "files", "metadata", "left_out")


class ResultsReader:
    """Reads the results of a run, repeatedly while it is running.

    Parameters
    ----------
    meta_dir
        The side-car of the run, which may still be empty.
    on_fault
        A function that is called with `PATH:OFFSET: FAULT` for each line that cannot be read. Such
        a line is left out, the others are read.
    """

    __slots__ = ("_directory", "_files", "_on_fault", "_results", "_waiting")

    def __init__(self, meta_dir: str, on_fault: Callable[[str], object] = lambda _: None) -> None:
        self._directory = os.path.join(meta_dir, RESULTS_DIR)
        self._on_fault = on_fault
        self._files: dict[str, int] = {}
        self._results: list[Result] = []
        # Processes that clear their results when they show the next one.
        self._waiting: set[str] = set()

    @property
    def results(self) -> list[Result]:
        """The results so far; their numbers are positions in the list, from 1."""
        return self._results

    def update(self) -> bool:
        """Read new results; return whether there were any.

        Raises
        ------
        MetaError
            If a file is of another version of the format.
        """
        events = []
        for name in self._names():
            events += [(event["time_us"], name, event) for event in self._read(name)]
        events.sort(key=lambda item: item[:2])
        for time_us, name, event in events:
            self._apply(name, time_us, event)
        return bool(events)

    def _names(self) -> list[str]:
        try:
            names = os.listdir(self._directory)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(name for name in names if name.replace("-", "", 1).isdigit())

    def _read(self, name: str) -> Iterator[dict[str, Any]]:
        path = os.path.join(self._directory, name)
        offset = self._files.get(name, 0)
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return
        data = data[: data.rfind(b"\n") + 1]
        for line in data.splitlines(keepends=True):
            if not offset:
                if line.rstrip() != HEADER.encode():
                    found = line[:40].decode("utf-8", "replace")
                    raise MetaError(
                        f"{path}: expected {HEADER!r} in the first line, found {found!r}: "
                        "read it with the gage that wrote it"
                    )
            else:
                try:
                    yield _checked(loads(line.decode()))
                except (ValueError, TypeError, KeyError) as error:
                    self._on_fault(f"{path}:{offset}: {error} in {line[:80]!r}")
            offset += len(line)
            self._files[name] = offset

    def _apply(self, source: str, time_us: int, event: dict[str, Any]) -> None:
        if event["event"] == "clear":
            self._waiting.add(source)
            if not event.get("wait"):
                self._clear(source)
            return
        if event["event"] == "update":
            for position, old in enumerate(self._results):
                if old.id and old.id == event["id"] and not old.cleared:
                    parts = {name: event[name] for name in _PARTS}
                    self._results[position] = old._replace(**parts, version=old.version + 1)
            return
        if source in self._waiting:
            self._clear(source)
        self._results.append(
            Result(
                number=len(self._results) + 1,
                time_us=time_us,
                kind=event["kind"],
                at=event["at"],
                printed=event["printed"],
                id=event["id"],
                origin=event["origin"],
                data=event["data"],
                files=event["files"],
                metadata=event["metadata"],
                left_out=event["left_out"],
                source=source,
                version=0,
                cleared=False,
            )
        )

    def _clear(self, source: str) -> None:
        self._waiting.discard(source)
        for position, result in enumerate(self._results):
            if result.source == source and not result.cleared:
                self._results[position] = result._replace(cleared=True)


def read_results(meta_dir: str, on_fault: Callable[[str], object] = lambda _: None) -> list[Result]:
    """Return all results of a run so far, including cleared ones.

    Raises
    ------
    MetaError
        If a file is of another version of the format.
    """
    reader = ResultsReader(meta_dir, on_fault)
    reader.update()
    return reader.results


def _checked(event: Any) -> dict[str, Any]:
    """Return the event of a line; raise ValueError or TypeError if any part of it is invalid."""
    kind = event["event"]
    numbers = {"show": ("time_us", "at", "printed"), "update": ("time_us",), "clear": ("time_us",)}
    if kind not in numbers:
        raise ValueError(f"expected show, update or clear, found {kind!r}")
    for name in numbers[kind]:
        if type(event[name]) is not int:
            raise ValueError(f"expected an integer for {name}, found {event[name]!r}")
    if kind == "clear":
        return dict(event)
    for name in ("id", "origin", "kind") if kind == "show" else ("id",):
        if not isinstance(event[name], str):
            raise TypeError(f"expected a string for {name}, found {event[name]!r}")
    for name in _PARTS:
        if not isinstance(event[name], dict):
            raise TypeError(f"expected an object for {name}, found {event[name]!r}")
    files = {mime: (str(digest), int(size)) for mime, (digest, size) in event["files"].items()}
    for digest, _ in files.values():
        if not digest.isalnum():
            raise ValueError(f"expected a sha256, found {digest!r}")
    return {**event, "files": files}


# What is in a result


def is_text(mime: str) -> bool:
    """Return whether the data of a MIME type is text (JSON included), not bytes."""
    return (
        mime.startswith("text/")
        or mime.endswith(("json", "+xml"))
        or mime in {"application/javascript", "application/x-latex", "application/xml"}
    )


def mime_bundle(meta_dir: str, result: Result) -> dict[str, Any]:
    """Return a result in Jupyter's form: text, JSON, and bytes as base64.

    A part whose file is gone is left out; `text/plain` says so.
    """
    bundle = dict(result.data)
    gone = []
    for mime, (digest, _) in result.files.items():
        path = os.path.join(meta_dir, RESULTS_DIR, DATA_DIR, digest)
        try:
            with open(path, "rb") as file:
                data = file.read()
            bundle[mime] = _decoded(mime, data)
        except (OSError, ValueError):
            gone.append(mime)
    if gone:
        note = f"[{', '.join(gone)}: the file in the side-car is gone or damaged]"
        bundle["text/plain"] = f"{bundle.get('text/plain', '')}\n{note}".lstrip()
    return bundle


def _decoded(mime: str, data: bytes) -> Any:
    if mime.endswith("json"):
        return loads(data.decode())
    if is_text(mime):
        return data.decode()
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode("ascii")


def is_rich(result: Result) -> bool:
    """Return whether a result is more than text, which is in the output anyway."""
    return bool({*result.data, *result.files} - {"text/plain"})


def size_of(result: Result) -> int:
    """Return the size of a result in bytes, not counting base64."""
    inline = sum(len(str(value)) for value in result.data.values())
    return inline + sum(size for _, size in result.files.values())


def printed_text(meta_dir: str, result: Result) -> bytes:
    """Return what was printed for a result, with its line end; nothing if that is not known."""
    text = result.data.get("text/plain", "")
    if not text and "text/plain" in result.files:
        text = mime_bundle(meta_dir, result._replace(data={})).get("text/plain", "")
    data = str(text).encode("utf-8", "replace")
    if not data.endswith(b"\n"):
        data += b"\n"
    return data if len(data) == result.printed else b""


def picture_path(meta_dir: str, result: Result) -> str | None:
    """Return where the PNG of a result is; None without one."""
    digest, _ = result.files.get("image/png", ("", 0))
    return os.path.join(meta_dir, RESULTS_DIR, DATA_DIR, digest) if digest else None


def picture_size(meta_dir: str, result: Result) -> tuple[int, int] | None:
    """Return width and height in pixels of a result's PNG, None if it has no PNG."""
    path = picture_path(meta_dir, result)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            head = file.read(24)
    except OSError:
        return None
    if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
        return None
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def caption(meta_dir: str, result: Result, ordinal: int) -> str:
    """Return a caption of a result: `figure 1, 640×480 px`; `ordinal` counts within its kind."""
    size = picture_size(meta_dir, result)
    if size is not None:
        return f"{result.kind} {ordinal}, {size[0]}×{size[1]} px"
    mimes = [mime for mime in (*result.files, *result.data) if mime != "text/plain"]
    words = [_WORDS.get(mime) or _word_of(mime) for mime in mimes]
    return f"{result.kind} {ordinal}, {', '.join(dict.fromkeys(words)) or 'text'}"


_WORDS = {
    "application/javascript": "JavaScript",
    "application/vnd.plotly.v1+json": "Plotly",
    "image/svg+xml": "SVG",
    "text/html": "HTML",
    "text/latex": "LaTeX",
    "text/markdown": "Markdown",
}


def _word_of(mime: str) -> str:
    """Return what people call data of a MIME type: `JPEG`, `PDF`, `vegalite`."""
    name = mime.rpartition("/")[2].partition("+")[0]
    return name.split(".")[1] if name.startswith("vnd.") else name.upper()


def captions(meta_dir: str) -> list[tuple[Result, str]]:
    """Return the results of a run that are more than text and were not cleared, with captions."""
    counts: dict[str, int] = {}
    found = []
    for result in read_results(meta_dir):
        if is_rich(result) and not result.cleared:
            counts[result.kind] = counts.get(result.kind, 0) + 1
            found.append((result, caption(meta_dir, result, counts[result.kind])))
    return found
