"""What source reads and binds, found without running it."""

from __future__ import annotations

import pytest

from gage_nb.world.magics import translated
from gage_nb.world.syntax import facts_of

READS = {
    "name": ("print(x)", {"print", "x"}),
    "bound before": ("x = 1\ny = x", set()),
    "bound after": ("y = x\nx = 1", {"x"}),
    "augmented": ("x += 1", {"x"}),
    "item": ("d['a'] = v", {"d", "v"}),
    "comprehension": ("[a for a in items if a > low]", {"items", "low"}),
    "nested comprehension": ("[b for a in rows for b in a]", {"rows"}),
    "two loops": ("for i in xs:\n    print(i, y)", {"xs", "print", "y"}),
    "walrus": ("if (n := f()):\n    n", {"f"}),
    "function body": ("def f(a, b=c):\n    return a + g", {"c", "g"}),
    "own local": ("def f():\n    a = 1\n    return a", set()),
    "closure": ("def f():\n    a = 1\n    def g():\n        return a + z\n    return g", {"z"}),
    "class": ("class A(B):\n    x = 1\n    y = x\n    def m(self):\n        return q", {"B", "q"}),
    "lambda": ("k = lambda a, b=c: a + d", {"c", "d"}),
    "with": ("with o as f:\n    f", {"o"}),
    "except": ("try:\n    a\nexcept E as e:\n    e", {"a", "E"}),
    "f-string": ("f'{a} {b!r:{c}}'", {"a", "b", "c"}),
    "match": ("match v:\n    case [a, *b]:\n        a, b\n    case K():\n        pass", {"v", "K"}),
    "decorator": ("@d\ndef f(): pass", {"d"}),
    "delete": ("del x", {"x"}),
    "query": ("df.query('a > @low')", {"df", "low"}),
    "formula": ("ols('y ~ log(x)', data)", {"ols", "data", "y", "log", "x"}),
    "not Python": ("x = = 1", set()),
}


@pytest.mark.parametrize(("source", "expected"), READS.values(), ids=READS)
def test_names_that_are_read(source: str, expected: set[str]) -> None:
    reads = facts_of(source).reads

    # A query names columns too: that they are looked for costs nothing.
    assert reads - {"a"} == expected - {"a"}
    assert expected <= reads


@pytest.mark.parametrize(
    ("source", "certain"),
    [
        ("x", {"x"}),
        ("if c:\n    x", {"c"}),
        ("def f():\n    return x", set()),
        ("for i in xs:\n    y", {"xs"}),
        ("try:\n    x\nexcept NameError:\n    x = 1\nx", set()),
        ("a and b", {"a"}),
        ("[y for x in xs]", {"xs"}),
    ],
)
def test_names_that_are_read_for_certain(source: str, certain: set[str]) -> None:
    assert facts_of(source).certain == certain


@pytest.mark.parametrize(
    ("source", "binds"),
    [
        ("a, (b, *c) = 1, (2, 3)", {"a", "b", "c"}),
        ("import os.path, sys as s\nfrom m import x as y", {"os", "s", "y"}),
        ("for i in xs:\n    j = i", {"i", "j"}),
        ("def f():\n    global g\n    g = 1", {"f", "g"}),
        ("[a for a in b]", set()),
        ("x: int = 1\ny: int", {"x"}),
    ],
)
def test_names_that_are_bound(source: str, binds: set[str]) -> None:
    assert facts_of(source).binds == binds


@pytest.mark.parametrize(
    ("cell", "reads", "binds"),
    [
        ("%time x = f(y)", {"f", "y"}, {"x"}),
        ("%timeit -n 10 f(y)", {"f", "y"}, set()),
        ("%%time\nx = f(y)", {"f", "y"}, {"x"}),
        ("%%capture out\nx = 1", set(), {"out", "x"}),
        ("!ls {folder} $name", {"folder", "name"}, set()),
        ("files = !ls", set(), {"files"}),
        ("%matplotlib inline", set(), set()),
    ],
)
def test_syntax_of_ipython(cell: str, reads: set[str], binds: set[str]) -> None:
    facts = facts_of(translated(cell))

    assert facts.reads - {"get_ipython"} == reads
    assert facts.binds == binds
