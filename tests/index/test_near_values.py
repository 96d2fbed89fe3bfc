"""What a filter without any run may have meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.errors import OptionError
from gage._internal.index.listing import listing
from gage._internal.index.near_values import meant_instead
from gage._internal.index.runs import RunIndex
from tests.index.recorded import run_with


@pytest.fixture
def home(tmp_path: Path) -> str:
    run_with(tmp_path, {"model": "small", "lr": 0.1}, label="base line", tags=["cnn"])
    run_with(tmp_path, {"model": "large", "lr": 0.2}, {"loss": 1}, op="test", data="mnist")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["operation=trian"], "Did you mean operation=train?"),
        (["op = Train and lr > 0"], "Did you mean op=train?"),
        (["model=smal", "operation=tst"], "Did you mean model=small operation=test?"),
        (["config.model=larg"], "Did you mean config.model=large?"),
        (["tag=cn"], "Did you mean tag=cnn?"),
        (["label=base lin"], 'Did you mean label="base line"?'),
        (["user.data=mnits"], "Did you mean user.data=mnist?"),
        (["model=small", "op=test"], ""),
        (["model=xyz"], ""),
        (["lr=0.3"], ""),
        (["not op=trian"], ""),
        ([], ""),
    ],
    ids=str,
)
def test_values_that_are_near(home: str, where: list[str], expected: str) -> None:
    listing(home, where)

    assert meant_instead(home, where) == expected


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("status=compl", "there is no status 'compl'. Did you mean 'completed'?"),
        ("status=failed", "there is no status 'failed'. There are: pending, staged"),
    ],
)
def test_a_status_that_does_not_exist(home: str, word: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        listing(home, [word])

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("operation", ["test", "train"]),
        ("tags", ["cnn"]),
        ("label", ["base line"]),
        ("model", ["large", "small"]),
        ("config.lr", ["0.2", "0.1"]),
        ("user.data", ["mnist"]),
        ("loss", []),
        ("metric.loss", []),
        ("nothing", []),
        ('"', []),
    ],
)
def test_values_of_a_name_the_newest_first(home: str, name: str, expected: list[str]) -> None:
    index = RunIndex(home)
    index.select()

    assert index.values(name) == expected
