"""The end of a run's output, without the text of what is shown below the panel."""

from __future__ import annotations

from pathlib import Path

import pytest

import gage
from gage._internal.record.layout import RUN_OUTPUT
from gage_nb.views.output_tail import TailReader

SHOW = "from gage.inside.results import display\n"
TABLE = "{'text/html': '<b>table</b>', 'text/plain': 'a table'}"
LONG = "{'text/html': '<b>x</b>', 'text/plain': ('line of it ' * 5 + '\\n') * 100}"
IMAGE = "{'image/svg+xml': '<svg/>', 'text/plain': 'a drawing'}"


def tail_of(program: str) -> list[str]:
    Path("show.py").write_text(SHOW + program)
    run = gage.run("show.py")
    assert run.status == "completed"
    return [line.text for line in TailReader(run).read(RUN_OUTPUT).lines]


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (f"print('before'); display({TABLE}, raw=True); print('after')",
         ["before", "↓ display 1", "after"]),
        (f"display({TABLE}, raw=True); display({TABLE}, raw=True)",
         ["↓ display 1", "↓ display 2"]),
        ("display('only text'); print('end')", ["'only text'", "end"]),
        (f"print('before'); display({LONG}, raw=True); print('after')",
         ["before", "↓ display 1", "after"]),
        (f"print('a table'); display({TABLE}, raw=True)", ["a table", "↓ display 1"]),
        (f"display({IMAGE}, raw=True); print('end')", ["end"]),
    ],
    ids=["one", "two", "text", "long", "printed as well", "picture"],
)  # fmt: skip  # a case a line
def test_a_mark_is_in_place_of_what_is_shown(
    project: Path, runs_home: Path, program: str, expected: list[str]
) -> None:
    assert tail_of(program) == expected


def test_a_traceback_names_the_script_and_not_its_copy(project: Path, runs_home: Path) -> None:
    Path("fail.py").write_text("import warnings\nwarnings.warn('no')\n1 / 0\n")
    run = gage.run("fail.py")

    lines = [line.text for line in TailReader(run).read(RUN_OUTPUT).lines]

    assert lines[0] == "fail.py:2: UserWarning: no"
    assert '  File "fail.py", line 3, in <module>' in lines
    assert f'  File "{run.run_dir}/fail.py", line 3' in run.last_lines()


def test_a_text_that_is_not_where_the_record_says_stays(project: Path, runs_home: Path) -> None:
    Path("show.py").write_text(f"{SHOW}display({TABLE}, raw=True)\n")
    run = gage.run("show.py")
    output = Path(run.meta_dir, "output", RUN_OUTPUT)
    output.chmod(0o644)
    output.write_bytes(b"A TABLE\n")

    assert [line.text for line in TailReader(run).read(RUN_OUTPUT).lines] == ["A TABLE"]


def test_what_is_recorded_after_it_was_read_is_seen(project: Path, runs_home: Path) -> None:
    Path("show.py").write_text(f"{SHOW}display({TABLE}, raw=True)\n")
    run = gage.run("show.py")
    results = Path(run.meta_dir, "results")
    results.rename(results.with_name("later"))
    reader = TailReader(run)
    before = reader.read(RUN_OUTPUT).lines
    results.with_name("later").rename(results)

    assert [line.text for line in before] == ["a table"]
    assert [line.text for line in reader.read(RUN_OUTPUT).lines] == ["↓ display 1"]


def test_a_text_of_which_only_the_end_is_in_the_tail(project: Path, runs_home: Path) -> None:
    program = f"display({LONG}, raw=True)\nfor i in range(150): print('following', i)"

    lines = tail_of(program)

    assert lines[-1] == "following 149"
    assert not any("line of it" in line for line in lines)
