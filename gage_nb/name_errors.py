"""The origins of a notebook's names, and the hint for a run that lacks one of them."""

from __future__ import annotations

import ast
import re
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = ["Binding", "explain_name_error", "names_assigned_by"]


class Binding(NamedTuple):
    """The binding of a name: its line in the source, and the kind of statement.

    `kind` is `import`, `definition` or `value`; `text` is the statement of an import.
    """

    line: int
    kind: str
    text: str


def names_assigned_by(source: str) -> dict[str, Binding]:
    """Return the names that a cell binds in its notebook, each with its last binding.

    `source` may have IPython's syntax, as typed or translated. Names that a magic binds are found
    for the usual options (`-o NAME`, `--as NAME`) and for magics that run their body in the
    notebook (`%%time`, `%%capture`). A source that is not Python binds no names.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            from IPython.core.inputtransformer2 import TransformerManager

            manager = TransformerManager()
            try:
                tree = ast.parse(manager.transform_cell(source))
            except (SyntaxError, ValueError, RuntimeError):
                return {}
    found: dict[str, Binding] = {}
    _collect_bindings(tree, found)
    return found


def _collect_bindings(node: ast.AST, found: dict[str, Binding]) -> None:
    """Add the names that a statement or expression binds at the top level, in source order."""
    line = getattr(node, "lineno", 1)
    value = Binding(line, "value", "")
    match node:
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                found[name] = Binding(line, "import", ast.unparse(node))
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            found[node.name] = Binding(line, "definition", "")
            # A function with `global` binds the name when it is called.
            declared = [child for child in ast.walk(node) if isinstance(child, ast.Global)]
            found.update({name: value for child in declared for name in child.names})
            return
        case (
            ast.Lambda() | ast.AnnAssign(value=None)
        ):  # an annotation without a value binds nothing
            return
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            # Its variables are local to it, except those of `:=`.
            for child in ast.walk(node):
                if isinstance(child, ast.NamedExpr):
                    found[child.target.id] = value
            return
        case ast.Delete():
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.pop(target.id, None)
            return
        case (
            ast.Name(ctx=ast.Store(), id=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            found[name] = value
        case ast.Call(func=ast.Attribute(attr="run_cell_magic" | "run_line_magic")):
            found.update(_names_of_magic(node))
    for child in ast.iter_child_nodes(node):
        _collect_bindings(child, found)


def _names_of_magic(call: ast.Call) -> dict[str, Binding]:
    texts = [str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)]
    if len(texts) < 2:
        return {}
    magic, line, *body = texts
    found = {
        name: Binding(call.lineno, "value", "")
        for option, names in pairwise(line.split())
        if option in ("-o", "--as", "--output")
        for name in names.split(",")
        if name.isidentifier()
    }
    if body and magic in ("time", "capture", "prun"):
        found.update(names_assigned_by(body[0]))
    return found


_NAME_ERROR = re.compile(r"^[\s|]*NameError: name '([^']+)' is not defined", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OF_IPYTHON = {
    "display": "write `from IPython.display import display` into the cell, or print",
    "get_ipython": "write what the magic did as Python",
}
_TO_DO = {
    "import": "write the import into the cell",
    "definition": "write its definition into the cell, or into a module beside the notebook",
    "value": "write what makes it into the cell, or hand it over with `-i {name}`",
}


def explain_name_error(
    output: str, notebook_names: Collection[str], cells: Iterable[tuple[int, str]]
) -> str | None:
    """Return a hint for a NameError that ended a run, if the notebook has the name.

    Parameters
    ----------
    output
        The end of the run's output, with the traceback.
    notebook_names
        The names in the kernel.
    cells
        Number and source of the executed cells, in their order.

    Returns
    -------
    str or None
        None if the run did not end with a NameError, or the notebook does not have the name either.
    """
    text = _COLOUR.sub("", output)
    errors = _NAME_ERROR.findall(text, max(text.rfind("Traceback (most recent call last)"), 0))
    name = errors[-1] if errors else ""
    if name not in notebook_names and name not in _OF_IPYTHON:  # `display` is among the builtins
        return None
    if name in _OF_IPYTHON or re.fullmatch(r"In|Out|_+|_i*\d*", name):
        to_do = _OF_IPYTHON.get(name, "give the value a name")
        return f"`{name}` is made by IPython and does not exist in a program: {to_do}."
    origin, kind = "", "value"
    for number, source in cells:
        if name not in source:
            continue
        binding = names_assigned_by(source).get(name)
        if binding:
            kind = binding.kind
            origin = f" (made by cell [{number}]{f': `{binding.text}`' if binding.text else ''})"
    return (
        f"`{name}` exists in this notebook{origin} but not in the run, which is a process of its "
        f"own: {_TO_DO[kind].format(name=name)}."
    )
