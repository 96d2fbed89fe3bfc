"""A file of the run in a traceback is shown by its own name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gage._internal.output.own_paths import shorten_own_paths

DIR = "/runs/6e0a+b"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f'  File "{DIR}/train.py", line 3, in <module>', '  File "train.py", line 3, in <module>'),
        (f'  File "{DIR}/src/net.py", line 3', '  File "src/net.py", line 3'),
        (f"{DIR}/train.py:5: UserWarning: no", "train.py:5: UserWarning: no"),
        (f'  File \x1b[35m"{DIR}/train.py"\x1b[0m', '  File \x1b[35m"train.py"\x1b[0m'),
        (f"File {DIR}/train.py:3, in f()", "File train.py:3, in f()"),
        (f"saved {DIR}/model.pt", f"saved {DIR}/model.pt"),
        ('  File "/usr/lib/json.py", line 3', '  File "/usr/lib/json.py", line 3'),
        (f'  File "{DIR}2/train.py", line 3', f'  File "{DIR}2/train.py", line 3'),
        ('  File "/runs/6e0aab/train.py"', '  File "/runs/6e0aab/train.py"'),
    ],
)
def test_a_line_about_a_file_of_the_run_has_its_own_name(line: str, shown: str) -> None:
    text = f"one\n{line}\ntwo\n"

    assert shorten_own_paths(text.encode(), DIR) == f"one\n{shown}\ntwo\n".encode()


def test_bytes_that_are_no_text_stay() -> None:
    assert shorten_own_paths(b"\xff\n\x00", DIR) == b"\xff\n\x00"


def test_a_directory_that_is_reached_by_a_link_counts_too(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    line = f'File "{tmp_path}/real/a.py", line 1\n'.encode()

    assert shorten_own_paths(line, str(tmp_path / "link")) == b'File "a.py", line 1\n'
