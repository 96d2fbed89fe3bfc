"""Whether a source tells all about a parser."""

from __future__ import annotations

import ast

import pytest

from gage._internal.config.parser_source import mentions_parser, tells_all

MAKE = "import argparse\np = argparse.ArgumentParser()\n"
PARSE = "a = p.parse_args()\n"


@pytest.mark.parametrize(
    "middle",
    [
        "p.add_argument('--x', type=int, default=f())\n",
        "p.add_argument('x', nargs='*', choices=['a', 'b'])\n",
        "g = p.add_argument_group('more')\ng.add_argument('--x', action='store_true')\n",
        "def more(q):\n    q.add_argument('--x')\nmore(p)\n",
        "p.add_argument('--x', action=argparse.BooleanOptionalAction)\n",
    ],
)
def test_arguments_that_are_written_out_are_all(middle: str) -> None:
    assert tells_all(ast.parse(MAKE + middle + PARSE))


@pytest.mark.parametrize(
    "source",
    [
        "",
        MAKE,
        "from mine import p\np.add_argument('--x')\n" + PARSE,
        "from mine import Parser\np = Parser()\np.add_argument('--x')\n" + PARSE,
        "import argparse, mine\np = argparse.ArgumentParser(parents=[mine.p])\n" + PARSE,
        MAKE + "p = argparse.ArgumentParser()\n" + PARSE,
        MAKE + "p.add_subparsers()\n" + PARSE,
        MAKE + "for n in names:\n    p.add_argument('--' + n)\n" + PARSE,
        MAKE + "for n in names:\n    p.add_argument('--x')\n" + PARSE,
        MAKE + "[p.add_argument('--x') for _ in y]\n" + PARSE,
        MAKE + "p.add_argument(*names)\n" + PARSE,
        MAKE + "p.add_argument('--x', **options)\n" + PARSE,
        MAKE + "p.add_argument('--x', nargs=N)\n" + PARSE,
        MAKE + "mine.add_arguments(p)\n" + PARSE,
        MAKE + "mine.add_arguments(parser=p)\n" + PARSE,
    ],
)
def test_arguments_that_may_come_from_elsewhere_are_not_all(source: str) -> None:
    assert not tells_all(ast.parse(source))


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"import argparse", True), (b"from mine import p\np.parse_args()", True), (b"x = 1", False)],
)
def test_a_source_mentions_a_parser(data: bytes, expected: bool) -> None:
    assert mentions_parser(data) is expected
