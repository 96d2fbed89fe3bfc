"""Pages of help: what they show as examples is what gage reads."""

from __future__ import annotations

import re

import pytest

from gage._internal.batch.axes import Distribution, Grid, read_axis
from gage._internal.config import Text, parse_assignment
from gage._internal.index.language import parse_filter
from gage._internal.operations.help_topics import TOPICS, topic_list, topic_text


def examples(name: str) -> list[str]:
    """Return what stands in the left column of a page."""
    return re.findall(r"^  (\S.*?)(?:  |$)", TOPICS[name], re.MULTILINE)


@pytest.mark.parametrize("name", TOPICS)
def test_a_page_begins_with_a_sentence_and_fits_a_terminal(name: str) -> None:
    lines = TOPICS[name].splitlines()

    assert re.fullmatch(r"[A-Z].*[.:]?.*\.", lines[0])
    assert max(map(len, lines)) <= 80
    assert len(examples(name)) >= 4
    assert topic_text(name) == TOPICS[name]
    assert name in dict(topic_list())


@pytest.mark.parametrize("text", examples("filters"))
def test_filters_are_filters(text: str) -> None:
    assert parse_filter(text) is not None


@pytest.mark.parametrize("text", examples("values"))
def test_values_are_assignments(text: str) -> None:
    assert parse_assignment(text)[1]


@pytest.mark.parametrize("text", [text for text in examples("several") if "=" in text])
def test_several_are_several(text: str) -> None:
    key, value = parse_assignment(text)

    default = {"epochs": 1, "n": 1, "name": "a"}.get(key, 0.5)
    assert isinstance(read_axis(Text(value), default, known=True), (Grid, Distribution))


def test_there_is_no_page_on_anything_else() -> None:
    assert topic_text("zzz") is None
