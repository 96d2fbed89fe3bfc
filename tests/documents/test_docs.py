"""The pages of `docs/` say what happens, and say all of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import nbformat
import pytest
from nbclient import NotebookClient

import gage
import gage_nb
from gage._internal.operations.options import OPTIONS, keywords_of
from gage.cli.app import app
from gage_nb.command_list import COMMANDS
from tests.documents.pages import ROOT, Block, Page, check_console, in_shell, read_page

DOCS = ROOT / "docs"
PAGES = [read_page(path) for path in sorted(DOCS.glob("*.md"))]
KNOWN = {"sh", "console", "python", "ipython", "text", "toml", "yaml", "json"}
# Its examples are checked by tests/operations/test_gagefile_docs.py.
EXECUTED = [page for page in PAGES if page.path.stem != "gage-file"]


def name_of(page: Page) -> str:
    return page.path.stem


def having(language: str) -> list[Page]:
    return [page for page in EXECUTED if page.of(language)]


def page_of(stem: str) -> Page:
    return next(page for page in PAGES if page.path.stem == stem)


@pytest.mark.parametrize("page", having("sh"), ids=name_of)
def test_shell_examples(page: Page, project: Path, runs_home: Path) -> None:
    page.write_files(project)

    for block in page.of("sh"):
        done = in_shell(f"set -e\n{block.text}", project)
        assert done.returncode == 0, f"line {block.line}: {done.stdout}"


@pytest.mark.parametrize("page", having("console"), ids=name_of)
def test_console_examples(page: Page, project: Path, runs_home: Path) -> None:
    page.write_files(project)

    check_console(page, project)


@pytest.mark.parametrize("page", having("python"), ids=name_of)
def test_python_examples(page: Page, project: Path, runs_home: Path) -> None:
    page.write_files(project)
    program = "\n".join(block.text for block in page.of("python"))

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", having("ipython"), ids=name_of)
def test_notebook_examples(page: Page, project: Path, runs_home: Path) -> None:
    page.write_files(project)
    cells = [nbformat.v4.new_code_cell(block.text) for block in page.of("ipython")]
    notebook = nbformat.v4.new_notebook(cells=cells)

    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(project)}}).execute()


def test_every_block_says_what_it_is() -> None:
    wrong: list[tuple[str, Block]] = [
        (page.path.name, block)
        for page in PAGES
        for block in page.blocks
        if block.language not in KNOWN and not block.file
    ]

    assert not wrong


def test_no_fence_is_overlooked() -> None:
    for page in PAGES:
        assert page.text.count("\n```") == 2 * len(page.blocks), page.path


@pytest.mark.parametrize("name", list(app.commands))
def test_every_command_is_documented_with_its_options(name: str) -> None:
    section = page_of("commands").section(f"### `gage {name}`")

    assert section is not None
    assert f"`gage {name} " in section or f"`gage {name}`" in section
    assert not [option for option in options_of_command(name) if not is_shown(option, section)]


def test_options_that_all_commands_have_are_documented() -> None:
    section = page_of("commands").section("## Options of every command")

    assert section is not None
    assert not [option for option in common_options() if not is_shown(option, section)]
    assert not [option for option in ("-h", "--help") if not is_shown(option, section)]


def options_of_command(name: str) -> list[str]:
    """Return the options of a command, but for those that all have."""
    if name == "run":
        options = [name for row in OPTIONS if "shell" in row.forms for name in row.names.split()]
    else:
        options = [
            option
            for parameter in app.commands[name].params
            if isinstance(parameter, click.Option)
            for option in (*parameter.opts, *parameter.secondary_opts)
        ]
    return [option for option in options if option not in {*common_options(), "-h", "--help"}]


def common_options() -> set[str]:
    return {
        option
        for parameter in app.params
        if isinstance(parameter, click.Option) and parameter.name != "version"
        for option in parameter.opts
    } - {"--version"}


def is_shown(option: str, text: str) -> bool:
    """Return whether a text has an option in code, alone or with its value."""
    return re.search(rf"`{re.escape(option)}( [^`]+)?`", text) is not None


@pytest.mark.parametrize(
    "option",
    [
        name
        for row in OPTIONS
        if {"line", "cell"} & {*row.forms.split()}
        for name in row.names.split()
    ],
)
def test_every_option_of_a_magic_is_documented(option: str) -> None:
    section = page_of("notebooks").section("## Options of `%gage_run` and `%%gage_run`")

    assert section is not None
    assert is_shown(option, section)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_of_the_gage_magic_is_documented(name: str) -> None:
    section = page_of("notebooks").section("## Commands of `%gage`")

    assert section is not None
    assert re.search(rf"^\| `%gage {name}( [^`]+)?` \|", section, re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    [*(f"gage.{name}" for name in gage.__all__), *(f"gage_nb.{name}" for name in gage_nb.__all__)],
)
def test_every_public_name_is_documented(name: str) -> None:
    assert re.search(rf"^(### |\| )?`{re.escape(name)}`", page_of("python").text, re.MULTILINE)


@pytest.mark.parametrize("name", ["gage.run", "gage.run_batch"])
def test_every_keyword_of_a_function_is_documented(name: str) -> None:
    section = page_of("python").section(f"### `{name}`")

    assert section is not None
    assert not [word for word in keywords_of(name) if f"`{word}`" not in section]


@pytest.mark.parametrize("kind", [gage.RecordedRun, gage.Batch], ids=lambda kind: kind.__name__)
def test_every_member_of_a_class_is_documented(kind: type) -> None:
    section = page_of("python").section(f"### `gage.{kind.__name__}`")
    members = [name for name in dir(kind) if not name.startswith("_")]

    assert section is not None
    assert not [name for name in members if not re.search(rf"`{name}(\(.*?\))?`", section)]


EVERYTHING = """\
import os
import sys
import time

import gage
import matplotlib.pyplot as plt

lr = 0.1
for step in range(3):
    gage.log(loss=lr / (step + 1), step=step)
    gage.progress(step + 1, 3)
plt.plot([1, 2, 3])
plt.show()
sys.stdout.write("half of a line")
sys.stdout.flush()
while not os.path.getsize(os.environ["RUN_DIR"] + ".meta/output/40_run"):
    time.sleep(0.01)
sys.stderr.write(", and the other half\\n")
open("made.txt", "w").close()
"""
GAGEFILE = """\
[make]
exec = "echo made > data.csv"
sourcecode = false

[all]
depends = { run = "make" }
env = { MODE = "full" }
config = "all.py#*"

[all.exec]
copy-sourcecode = "echo 1"
init-runtime = "echo 2"
resolve-deps = "echo 3"
run = "python all.py"
finalize-run = "echo 5"
"""


def test_every_file_of_finished_runs_and_batches_is_documented(
    project: Path, runs_home: Path
) -> None:
    (project / "gage.toml").write_text(GAGEFILE)
    (project / "all.py").write_text(EVERYTHING)
    (project / "stuck.py").write_text("import time\nvalue = 1\ntime.sleep(600)\n")
    (project / "read.py").write_text("value = 1\nprint(len(open('big.txt').read()))\n")
    (project / "big.txt").write_text("1\n")
    code = "import gage_nb; gage_nb.run_cell('print(2)', 'two', {}, quiet=True, label='x')"
    for command in (
        "gage run make && gage run all lr=0.2 --label both --tag a && gage run read.py",
        "gage run stuck.py --bg && gage stop",
        "gage run read.py 'value=[1,2]'",
        f'python -c "{code}"',
    ):
        done = in_shell(command, project)
        assert done.returncode == 0, done.stdout
    text = page_of("run-layout").text

    files = {generic(path) for path in files_of(runs_home)}

    assert {"results/data/SHA256", "log/patched", "output/40_run.switches", "trials"} <= files
    assert not [name for name in sorted(files) if f"`{name}`" not in text]


def files_of(home: Path) -> Iterator[Path]:
    """Yield the files of side-cars, and of batches, by their paths in them."""
    for side_car in home.rglob("*.meta"):
        yield from (path.relative_to(side_car) for path in side_car.rglob("*") if path.is_file())
    for batch in home.glob(".batches/*"):
        yield from (Path(entry.name) for entry in os.scandir(batch) if entry.is_file())


def generic(path: Path) -> str:
    """Return a file's path as the page has it: with words for what differs each time."""
    text = re.sub(r"\b\d{16}-\d+$", "STARTED-PID", path.as_posix())
    text = re.sub(r"\b[0-9a-f]{64}$", "SHA256", text)
    return re.sub(r"^output/\d\d_\w+(?=\.)", "output/40_run", text)


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()
