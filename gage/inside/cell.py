"""A cell of a notebook as a program: `python -m gage.inside.cell [OPTION]… PROGRAM.py [ARGUMENT]…`.

    --carried DIR   before the first line: add the names carried from the notebook, see `carried`
    -i NAME=PATH    before the first line: load the variable NAME from a file beside the program
    -o NAME         after the last line: save the variable NAME beside the program

The program is the cell's own text in its own file. It runs like a script: it is the module
`__main__`, its directory comes first in `sys.path`, and the traceback of an error has nothing of
this module. As in a notebook, `display` is a builtin, the value of the last expression is shown
unless it ends with `;`, and then the open figures are shown.

    become_main     the module `__main__`, sys.argv, sys.path
    prepare         adds carried names and input variables
    run             runs the cell, shows its value and figures
    conclude        saves output variables
"""

from __future__ import annotations

import _ast
import builtins
import os
import sys

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType, TracebackType
    from typing import Any, NoReturn
else:
    ModuleType = type(sys)  # `types` is a module that a plain cell does not need

__all__ = ["Cell", "become_main", "conclude", "main", "parse", "prepare", "run"]


class Cell(NamedTuple):
    """A cell to run: the path of its program as given, its inputs and outputs.

    `inputs` are names with paths relative to the program's directory; `outputs` are names;
    `arguments` are the words after the program; `carried` is the directory of carried names,
    relative to the program's directory, "" for none.
    """

    path: str
    inputs: list[tuple[str, str]]
    outputs: list[str]
    arguments: list[str]
    carried: str = ""


_USAGE = (
    "usage: python -m gage.inside.cell [--carried DIR] [-i NAME=PATH]… [-o NAME]… PROGRAM.py "
    "[ARGUMENT]…\n"
    "This runs the cell of a notebook as a program"
)


def main(words: list[str] | None = None) -> None:
    """Run the cell that the words of a command line name; raise SystemExit if it fails.

    Default: the command line of this process.
    """
    cell = parse(sys.argv[1:] if words is None else words)
    namespace = become_main(cell)
    try:
        prepare(cell, namespace)
        run(namespace)
        conclude(cell, namespace)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - as Python does with any error of a program
        _end_with(error)


def parse(words: list[str]) -> Cell:
    """Return the cell that the words of a command line name."""
    inputs: list[tuple[str, str]] = []
    outputs: list[str] = []
    rest = list(words)
    carried = ""
    if rest[:1] == ["--carried"] and len(rest) > 1:
        carried = rest[1]
        del rest[:2]
    while rest and rest[0] in ("-i", "-o"):
        option, *values = rest[:2]
        del rest[:2]
        name, equals, path = values[0].partition("=") if values else ("", "", "")
        if not name.isidentifier() or bool(equals) != (option == "-i"):
            sys.exit(f"{option}: expected {'NAME=PATH' if option == '-i' else 'NAME'}\n{_USAGE}")
        if option == "-i":
            inputs.append((name, path))
        else:
            outputs.append(name)
    if not rest or rest[0].startswith("-"):
        sys.exit(_USAGE)
    return Cell(rest[0], inputs, outputs, rest[1:], carried)


class _Main(ModuleType):
    """The main module of the program, which workers of `multiprocessing` cannot run again."""

    @property
    def __spec__(self) -> Any:  # type: ignore[override]
        """The module that such a worker runs instead; None for the program, as in a script."""
        import _frozen_importlib as machinery

        return machinery.ModuleSpec("gage.inside.spawned", None)


def become_main(cell: Cell) -> dict[str, Any]:
    """Make the module `__main__` of the program, as for a script; return its namespace."""
    path = os.path.abspath(cell.path)
    module = _Main("__main__")
    namespace = module.__dict__
    namespace.update(__file__=path, __builtins__=builtins, __spec__=None, __cached__=None)
    namespace["__loader__"] = _loader(path)
    # The module that runs this code stays alive, since its functions hold its namespace.
    sys.modules["__main__"] = module
    sys.argv[:] = [cell.path, *cell.arguments]
    sys.path[0] = os.path.dirname(path)
    sys.stdin = _no_input()
    builtins.display = _display  # type: ignore[attr-defined]
    return namespace


def prepare(cell: Cell, namespace: dict[str, Any]) -> None:
    """Add carried names and input variables, before the cell's first line."""
    if cell.carried:
        from gage.inside.carried import bring_in

        bring_in(os.path.join(sys.path[0], cell.carried), namespace)
    if cell.inputs:
        from gage.inside.variables import load

        for name, path in cell.inputs:
            namespace[name] = load(path)


def run(namespace: dict[str, Any]) -> None:
    """Run the cell; show its value, then the open figures."""
    path = namespace["__file__"]
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        sys.exit(f"gage: cannot read the cell's program: {error}")
    body, value = _compiled(source, path)
    exec(body, namespace)  # noqa: S102 - what it is for
    if value is not None:
        result = eval(value, namespace)  # noqa: S307 - likewise
        if result is not None:
            from gage.inside.results import show_value

            show_value(result)
            del result
    if "matplotlib.pyplot" in sys.modules:
        from gage.inside.figures import show_open_figures

        show_open_figures()


def conclude(cell: Cell, namespace: dict[str, Any]) -> None:
    """Save the output variables, after the cell's last line."""
    if cell.outputs:
        from gage.inside.variables import save

        save(namespace, *cell.outputs)


def _compiled(source: bytes, path: str) -> tuple[CodeType, CodeType | None]:
    """Return a program's code, and that of its last expression if its value is to be shown."""
    flags = _ast.PyCF_ONLY_AST
    tree: _ast.Module = compile(source, path, "exec", flags=flags, dont_inherit=True)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, _ast.Expr) or _is_silenced(source, last):
        return compile(tree, path, "exec", dont_inherit=True), None
    del tree.body[-1]
    value = _ast.Expression(last.value)
    return (
        compile(tree, path, "exec", dont_inherit=True),
        compile(value, path, "eval", dont_inherit=True),
    )


def _is_silenced(source: bytes, last: _ast.Expr) -> bool:
    """Return whether a semicolon ends the last expression."""
    # Python counts every kind of line break; columns are bytes of UTF-8.
    text = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = text.split(b"\n")[(last.end_lineno or 1) - 1 :]
    lines[0] = lines[0][last.end_col_offset :]
    code = b"".join(line.partition(b"#")[0] for line in lines)
    return code.rstrip().endswith(b";")


def _no_input() -> Any:
    """Return a `sys.stdin` whose `input()` error says what to do."""
    from gage.inside.no_input import NoInput

    return NoInput()


def _loader(path: str) -> object:
    """Return a loader, from which tools get the source of the module."""
    # The class of `importlib.machinery`, which would load `warnings` for others.
    import _frozen_importlib_external as machinery

    return machinery.SourceFileLoader("__main__", path)


def _display(*objects: object, **options: Any) -> object:
    """Show objects like `IPython.display.display`; the first call loads the modules for it."""
    from gage.inside.results import display

    builtins.display = display  # type: ignore[attr-defined]
    return display(*objects, **options)


def _end_with(error: BaseException) -> NoReturn:
    """Report an error as Python does for a script, and exit like it."""
    traceback = _own(error)
    error.__traceback__ = traceback
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, traceback
    sys.excepthook(type(error), error, traceback)
    if isinstance(error, KeyboardInterrupt):
        # Python then ends by the signal itself, after cleaning up.
        sys.excepthook = lambda *_: None
        raise KeyboardInterrupt
    sys.exit(1)


def _own(error: BaseException) -> TracebackType | None:
    """Return the part of an error's traceback in the program's own code, None if there is none."""
    here = os.path.dirname(main.__code__.co_filename)
    own = traceback = error.__traceback__
    while own is not None and os.path.dirname(own.tb_frame.f_code.co_filename) == here:
        own = own.tb_next
    # An error while adding the notebook's values has nothing else to show.
    return traceback if own is None and not isinstance(error, SyntaxError) else own


if __name__ == "__main__":
    main()
