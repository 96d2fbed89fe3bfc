"""The names that a piece of source reads and binds, found without running it.

A read is *certain* if it is the first use of the name: the name is not bound before, and the read
is not inside a condition, loop, `try` or function. All others are *possible*: carrying a name that
is not needed costs little, but a missing one would end the run.
"""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING

from gage_nb.world.facts import Facts, chains_in, parsed
from gage_nb.world.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["facts_of", "facts_of_nodes", "names_quoted_in"]


@functools.lru_cache(maxsize=2000)
def facts_of(source: str) -> Facts:
    """Return the facts about names in Python source (IPython's syntax translated).

    Source that is not Python has no names.
    """
    tree = parsed(source)
    return Facts() if tree is None else facts_of_nodes(tree.body)


def facts_of_nodes(nodes: Iterable[ast.stmt]) -> Facts:
    """Return the facts about names in consecutive statements."""
    reader = Reader()
    nodes = list(nodes)
    reader.block(nodes)
    facts = reader.facts
    facts.surely_binds = set(reader.bound)
    for node in nodes:
        facts.chains.update(chains_in(node))
    facts.possible -= facts.certain
    return facts


def names_quoted_in(source: str) -> set[str]:
    """Return the names in strings that are Python themselves: `show("first", "pd.concat([a, b])")`.

    A function that the source calls may evaluate them.
    """
    found: set[str] = set()
    tree = parsed(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            inner = parsed(node.value.strip())
            found |= facts_of_nodes(inner.body).reads if inner else set()
    return found
