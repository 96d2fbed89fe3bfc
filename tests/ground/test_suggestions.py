"""Near misses of a word."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gage._internal.suggestions import did_you_mean, near_misses

OPERATIONS = ["prepare", "train", "train-all", "evaluate"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("trian", ["train"], id="letters swapped"),
        pytest.param("trainn", ["train", "train-all"], id="letter too much"),
        pytest.param("TRAIN", ["train"], id="case"),
        pytest.param("train_all", ["train-all"], id="underscore"),
        pytest.param("eval", ["evaluate"], id="beginning"),
        pytest.param("xyz", [], id="nothing near"),
        pytest.param("", [], id="empty word"),
    ],
)
def test_near_misses(word: str, expected: list[str]) -> None:
    assert near_misses(word, OPERATIONS) == expected


def test_the_word_itself_is_no_near_miss() -> None:
    assert near_misses("prepare", OPERATIONS) == []


def test_at_most_n_are_returned_each_once() -> None:
    names = [*(f"step-{number}" for number in range(9)), "step-1"]

    assert near_misses("step", names, n=2) == ["step-0", "step-1"]
    assert near_misses("step", names, n=0) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("evalute", "Did you mean 'evaluate'?", id="one"),
        pytest.param("trai", "Did you mean 'train' or 'train-all'?", id="two"),
        pytest.param("xyz", "", id="none"),
    ],
)
def test_did_you_mean(word: str, expected: str) -> None:
    assert did_you_mean(word, OPERATIONS) == expected


def test_did_you_mean_lists_three() -> None:
    assert did_you_mean("run", ["run-a", "run-b", "run-c", "run-d"]) == (
        "Did you mean 'run-a', 'run-b' or 'run-c'?"
    )


def test_difflib_is_imported_when_it_is_needed_only() -> None:
    code = "import sys, gage._internal.suggestions; print('difflib' in sys.modules)"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert result.stdout.strip() == b"False"
