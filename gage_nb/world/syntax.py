"""What a piece of source reads, binds and asks for, without running it.

A name that is read is *certain* where reading it is the first thing that happens to it: it is not
bound before, and no condition, loop, `try` or function stands around it. All others are *possible*:
carrying one that is not needed costs a little, leaving one out would end the run.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from gage_nb.world.facts import Facts, chains_in, globals_of_code, parsed
from gage_nb.world.reader import Reader

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

__all__ = ["Facts", "facts_of", "facts_of_nodes", "globals_of_code", "parsed"]


@functools.lru_cache(maxsize=2000)
def facts_of(source: str) -> Facts:
    """Return what Python source (IPython's syntax translated) does with names.

    What is not Python does nothing.
    """
    tree = parsed(source)
    return Facts() if tree is None else facts_of_nodes(tree.body)


def facts_of_nodes(nodes: Iterable[ast.stmt]) -> Facts:
    """Return what statements, one after the other, do with names."""
    reader = Reader()
    nodes = list(nodes)
    reader.block(nodes)
    facts = reader.facts
    facts.surely_binds = set(reader.bound)
    for node in nodes:
        facts.chains.update(chains_in(node))
    facts.possible -= facts.certain
    return facts
