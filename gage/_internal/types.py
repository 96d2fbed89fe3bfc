"""Values that the other modules hand to each other: what a run is, without I/O.

Plain classes with slots rather than dataclasses: every `gage run` and every run's own process
imports this module, and importing `dataclasses` alone takes longer than starting the interpreter.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple

__all__ = [
    "ENDED",
    "PHASES",
    "STATUSES",
    "Command",
    "Fault",
    "GivenFile",
    "ManifestEntry",
    "OpCmd",
    "OpDef",
    "OpRef",
    "Operation",
    "OutputLine",
    "Phase",
    "Run",
    "Status",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # Data of Gage files and JSON files has no narrower type.
    Data: TypeAlias = dict[str, Any]
    Command: TypeAlias = list[str] | str


else:
    Command = "list[str] | str"


class Phase(NamedTuple):
    """A step of a run's life that an operation can add a command to.

    `output` names the file below `output/` that holds what the command printed; `aliases` are the
    later names of the same phase, accepted in Gage files.
    """

    name: str
    output: str
    aliases: tuple[str, ...]


class Status(NamedTuple):
    """What happened to a run: one of `STATUSES`, the reason, and the exit code if there is one.

    `exit_code` follows `subprocess`: the exit code of the command, or the negated number of the
    signal that ended it, or None if it is not known.
    """

    name: str
    reason: str = ""
    exit_code: int | None = None


class GivenFile(NamedTuple):
    """A file that a run gets: its type (`s`, `d`), its directory and its path.

    The path is relative to the directory, and the file has the same path in the run. `named_in`
    says where the program names the file, "" for one that the user asked for. If `link`, the run
    gets a link to the original, not a copy. `origin` is the path of a file that the user asked
    for. A path that begins with "../" needs `Operation.below`.
    """

    type: str
    directory: str
    path: str
    named_in: str = ""
    link: bool = False
    origin: str = ""


class ManifestEntry(NamedTuple):
    """A file of a run: its type (`s`, `d`, `r`, `g`), sha256 (hex) and path.

    The path is relative to the run directory, with "/". Bytes that are not UTF-8 are surrogate
    escapes, as `os.fsdecode` gives them.
    """

    type: str
    digest: str
    path: str


class OutputLine(NamedTuple):
    """A line of a run's output, or the part of it that one stream wrote.

    `number` counts lines from 0; `time_ms` is the time of its arrival in epoch milliseconds (UTC);
    `stream` is 0 for stdout and 1 for stderr; `data` is the exact bytes, with the line end.
    """

    number: int
    time_ms: int
    stream: int
    data: bytes


PHASES = (
    Phase("copy-sourcecode", "10_sourcecode", ("stage-sourcecode",)),
    Phase("init-runtime", "20_runtime", ("stage-runtime",)),
    Phase("resolve-deps", "30_dependencies", ("stage-dependencies",)),
    Phase("run", "40_run", ()),
    Phase("finalize-run", "50_finalize", ("finalize",)),
)

STATUSES = ("pending", "staged", "running", "completed", "error", "terminated", "damaged")
ENDED = ("completed", "error", "terminated", "damaged")
"""The final statuses: nothing of the run is running or ever will be."""


class Fault(NamedTuple):
    """A fault of a file: where it is, and what is wrong.

    `line` and `column` count from 1 and are None if they are not known; `key` names the key, such
    as `train.exec.run`, "" for the whole file.
    """

    file: str
    line: int | None
    key: str
    message: str
    column: int | None = None

    def __repr__(self) -> str:
        return f"<Fault {self}>"

    def __str__(self) -> str:
        place = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        return ": ".join([":".join(place), *filter(None, [self.key]), self.message])


class OpRef(NamedTuple):
    """The operation of a run: its namespace and its name."""

    op_ns: str
    op_name: str

    @property
    def full_name(self) -> str:
        """The name with its namespace before it, if there is one."""
        return f"{self.op_ns}:{self.op_name}" if self.op_ns else self.op_name


class OpCmd(NamedTuple):
    """The command of a run and the environment that the operation sets for it.

    `args` is a list of strings, one string for the shell, or a script whose first line is
    `#!interpreter`.
    """

    args: Command
    env: dict[str, str]


class OpDef:
    """The definition of an operation: its name and its table in the Gage file.

    `data` stays as written, so that `opdef.json` has what the user wrote; each property gives one
    shape for all forms (string, list, table) of its key. `src` is the Gage file, if there is one.
    """

    __slots__ = ("data", "name", "src")

    def __init__(self, name: str, data: Data, src: str | None = None) -> None:
        self.name = name
        self.data = data
        self.src = src

    @property
    def description(self) -> str:
        return str(self.data.get("description") or "")

    @property
    def default(self) -> bool:
        return bool(self.data.get("default"))

    @property
    def version(self) -> str | None:
        value = self.data.get("version")
        return None if value is None else str(value)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that the operation sets for the commands of all phases."""
        return {name: str(value) for name, value in (self.data.get("env") or {}).items()}

    def command(self, phase: str) -> Command | None:
        """Return the command of a phase (`PHASES`), or None if the operation has none."""
        value = self.data.get("exec")
        table = value if isinstance(value, dict) else {"run": value}
        command: Command | None = _of_phase(table, phase)
        return command

    def command_name(self, phase: str) -> str | None:
        """Return the name under which a phase's command is given, or None if there is none."""
        value = self.data.get("exec")
        table = value if isinstance(value, dict) else {"run": value}
        known = next(known for known in PHASES if known.name == phase)
        return next((name for name in (known.name, *known.aliases) if table.get(name)), None)

    def progress(self, phase: str) -> str | None:
        """Return how progress is read from a phase's output, or None if it is not specified."""
        value = self.data.get("progress")
        table = value if isinstance(value, dict) else {"run": value}
        progress: str | None = _of_phase(table, phase)
        return progress

    @property
    def sourcecode(self) -> list[str] | bool | None:
        """The patterns of source code; True or None means the defaults, False or [] no files."""
        value = self.data.get("sourcecode")
        if isinstance(value, dict):
            value = value.get("patterns")
        return [value] if isinstance(value, str) else value

    @property
    def config(self) -> list[Data]:
        """The tables of configuration, each with `keys` as a list of patterns."""
        value = self.data.get("config")
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = [{"keys": value}] if value else []
        items = value if isinstance(value, list) else [value]
        tables = [item if isinstance(item, dict) else {"keys": item} for item in items]
        return [{**table, "keys": _as_list(table.get("keys"))} for table in tables]

    @property
    def depends(self) -> list[Data]:
        """The tables of dependencies; a bare string or list of strings names project files."""
        value = self.data.get("depends")
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = [{"files": value}] if value else []
        items = value if isinstance(value, list) else [value]
        tables = [item if isinstance(item, dict) else {"files": item} for item in items]
        return [
            {**table, "files": _as_list(table["files"])} if "files" in table else table
            for table in tables
        ]

    @property
    def summary_filename(self) -> str:
        """The file of the run directory in which the run leaves metrics and attributes."""
        value = self.data.get("summary")
        if isinstance(value, dict):
            value = value.get("filename")
        return str(value or "summary.json")

    @property
    def output_summary(self) -> list[tuple[str | None, str]] | bool:
        """How metrics are found in printed lines: True is the default, False means not at all.

        Otherwise regular expressions, each with the name of its metric (`step` for the step), or
        with None if the expression finds the name as well. A single expression with one group finds
        a block of JSON instead (`metrics.summary_block`).
        """
        value = self.data.get("output-summary", True)
        if value == "":
            return False
        if isinstance(value, dict):
            return list(value.items())
        return value if isinstance(value, bool) else [(None, item) for item in _as_list(value)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpDef) and (self.name, self.data) == (other.name, other.data)

    __hash__ = None  # type: ignore[assignment]  # its data is mutable

    def __repr__(self) -> str:
        return f"OpDef({self.name!r}, {self.data!r})"


class Operation:
    """A request to run something: which operation, how, with what, and from which project.

    `given` are files that the run gets besides those its patterns select: a cell's program, inputs.
    `notes` are shown with the run and written to its log. `below` is the directory, in the run
    directory, that has the project's files and in which the command works. `writes` are paths
    that the program is known to write: they stay writable. `reads` are paths that it is known
    to read, each with the source of that knowledge, such as `cell 3`; a path that ends with "/" is
    a directory in which it finds modules.
    """

    __slots__ = (
        "below",
        "cmd",
        "config",
        "given",
        "notes",
        "opdef",
        "opref",
        "project_dir",
        "reads",
        "writes",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - a value with ten parts
        self,
        opref: OpRef,
        opdef: OpDef,
        cmd: OpCmd,
        config: Data,
        project_dir: str,
        given: tuple[GivenFile, ...] = (),
        notes: tuple[str, ...] = (),
        below: str = "",
        writes: tuple[str, ...] = (),
        reads: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.below = below
        self.reads = reads
        self.writes = writes
        self.opref = opref
        self.opdef = opdef
        self.cmd = cmd
        self.config = config
        self.project_dir = project_dir
        self.given = given
        self.notes = notes

    def but(
        self,
        *,
        opdef: OpDef | None = None,
        cmd: OpCmd | None = None,
        config: Data | None = None,
        given: tuple[GivenFile, ...] | None = None,
        notes: tuple[str, ...] | None = None,
        below: str | None = None,
        writes: tuple[str, ...] | None = None,
    ) -> Operation:
        """Return the same operation with some parts replaced."""
        return Operation(
            self.opref,
            self.opdef if opdef is None else opdef,
            self.cmd if cmd is None else cmd,
            self.config if config is None else config,
            self.project_dir,
            self.given if given is None else given,
            self.notes if notes is None else notes,
            self.below if below is None else below,
            self.writes if writes is None else writes,
            self.reads,
        )

    def __repr__(self) -> str:
        return f"<Operation {self.opref.full_name} in {self.project_dir}>"


class Run:
    """A run: its id, its name, and where its two directories are.

    `run_dir` holds the user's files; `meta_dir`, the side-car, holds everything about the run.
    """

    __slots__ = ("id", "meta_dir", "name", "run_dir")

    def __init__(self, id: str, name: str, run_dir: str, meta_dir: str) -> None:
        self.id = id
        self.name = name
        self.run_dir = run_dir
        self.meta_dir = meta_dir

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and (self.id, self.meta_dir) == (other.id, other.meta_dir)

    def __hash__(self) -> int:
        return hash((self.id, self.meta_dir))

    def __repr__(self) -> str:
        return f"<Run {self.name} {self.id}>"


def _of_phase(table: Data, phase: str) -> Any:
    for known in PHASES:
        if known.name == phase:
            for name in (known.name, *known.aliases):
                if table.get(name):
                    return table[name]
            return None
    choices = ", ".join(known.name for known in PHASES)
    raise ValueError(f"unknown phase {phase!r}: expected one of {choices}")


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
