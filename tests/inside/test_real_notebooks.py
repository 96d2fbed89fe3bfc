"""Notebooks as people write them, each with one trait, run as targets: all complete and verify.

The project is a repository with data beside and above the notebooks, binary and large files,
links, modules, styles.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

import gage

pytestmark = pytest.mark.timeout(600)  # on a busy machine thirty kernels take their time

# By name: the cells, and what the last lines of output have.
NOTEBOOKS: dict[str, tuple[list[str], str]] = {
    "beside": (["print(open('beside.csv').read().strip())"], "beside"),
    "below": (["n = 'a'", "print(len(open(f'data/{n}.bin', 'rb').read()))"], "200000"),
    "above": (["print(open('../shared/above.txt').read())"], "above"),
    "two above": (["import os", "print(os.path.getsize('../../top/far.bin'))"], "150000"),
    "constant": (["D = '../shared/'", "F = D + 'above.txt'", "print(open(F).read())"], "above"),
    "pathlib": (
        ["from pathlib import Path", "p = Path('..') / 'shared'", "print((p / 'above.txt').name)"],
        "above.txt",
    ),
    "glob": (["from glob import glob", "print(len(glob('data/*.bin')))"], "3"),
    "listdir": (["import os", "print(sorted(os.listdir('data')))"], "['a.bin', 'b.bin', 'c.bin']"),
    "loop": (
        ["import os", "for n in ['a', 'b']:\n    print(os.path.getsize(f'data/{n}.bin'))"],
        "200000",
    ),
    "link to a file": (["print(open('linked.txt').read())"], "above"),
    "link to a directory": (["print(open('tools/words.txt').read())"], "words"),
    "module": (["import helper", "print(helper.value)"], "17"),
    "module that is a link": (["import linked_module as m", "print(m.where)"], "elsewhere"),
    "module above": (
        ["import sys\nsys.path.append('..')", "from package import tool", "print(tool.text())"],
        "package data",
    ),
    "address": (
        [
            "import os\nfrom os.path import basename, exists",
            "def download(url):\n    print(exists(basename(url)))",
            "download('https://example.org/raw/main/beside.csv')",
        ],
        "True",
    ),
    "style": (
        ["from IPython.display import HTML", "HTML(open('../styles/custom.css').read())"],
        "<IPython.core.display.HTML object>",
    ),
    "image": (
        ["from IPython.display import Image", "Image('../images/dot.png')", "print('shown')"],
        "shown",
    ),
    "shell": (["!head -c 6 beside.csv", "x = !ls data", "print(len(x))"], "3"),
    "run": (["%run script.py", "print(made_by_script)"], "42"),
    "cd": (["%cd ../shared", "print(open('above.txt').read())"], "above"),
    "chdir": (
        ["import os", "os.chdir('data')", "print(os.path.getsize('a.bin'))", "os.chdir('..')"],
        "200000",
    ),
    "time": (["%%time\nx = sum(range(10))", "print(x)"], "45"),
    "await": (["import asyncio", "await asyncio.sleep(0, 'slept')"], "'slept'"),
    "display": (["display('one')", "print('two')"], "two"),
    "value": (["x = 20", "x + 1"], "21"),
    "silenced": (["print('before')", "1 + 1;"], "before"),
    "writes": (["open('out.txt', 'w').write('new')", "print(open('out.txt').read())"], "new"),
    "appends": (["open('log.txt', 'a').write('more')", "print(open('log.txt').read())"], "oldmore"),
    "deletes": (["import os", "os.remove('gone.txt')", "print('removed')"], "removed"),
    "database": (
        [
            "import sqlite3",
            "c = sqlite3.connect('data.sqlite')",
            "c.execute('insert into t values (2)'); c.commit()",
            "print(c.execute('select count(*) from t').fetchone()[0])",
        ],
        "2",
    ),
    "bash": (["%%bash\necho from bash"], "from bash"),
    "unicode": (["print(open('größe.txt').read())"], "groß"),
}
FIGURES = (
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "import matplotlib\nprint(matplotlib.get_backend().rpartition('.')[2])",
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8cfc0f01f00050001ffa7d25ac30000000049454e44ae426082"
)


def write(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def make_project(top: Path) -> Path:
    """Make a repository, and return the directory of its notebooks."""
    import sqlite3

    work = top / "course/notebooks"
    (top / ".git").mkdir(parents=True)
    for name in "abc":
        write(work / f"data/{name}.bin", b"\0" * 200_000)
    write(top / "top/far.bin", b"\0" * 150_000)
    write(work / "beside.csv", "beside\n")
    write(top / "course/shared/above.txt", "above")
    write(top / "course/shared/words.txt", "words")
    write(top / "course/styles/custom.css", "<style></style>")
    write(top / "course/images/dot.png", PNG)
    write(top / "course/package/__init__.py", "")
    write(
        top / "course/package/tool.py",
        "from pathlib import Path\n"
        "def text():\n    return (Path(__file__).parent / 'tool.txt').read_text()\n",
    )
    write(top / "course/package/tool.txt", "package data")
    write(top / "elsewhere/module.py", "where = 'elsewhere'\n")
    write(work / "helper.py", "value = 17\n")
    write(work / "script.py", "made_by_script = 42\n")
    for name, text in {"out": "old", "log": "old", "gone": "x", "größe": "groß"}.items():
        write(work / f"{name}.txt", text)
    (work / "linked.txt").symlink_to("../shared/above.txt")
    (work / "tools").symlink_to("../shared")
    (work / "linked_module.py").symlink_to("../../elsewhere/module.py")
    with sqlite3.connect(work / "data.sqlite") as database:
        database.execute("create table t (x int)")
        database.execute("insert into t values (1)")
    database.close()
    return work


def write_notebook(path: Path, cells: list[str]) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "of-somebody-else", "display_name": "Their Python"}
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, gage.RecordedRun]]:
    """Every notebook, run as a target."""
    top = tmp_path_factory.mktemp("repository")
    work = make_project(top)
    home = tmp_path_factory.mktemp("runs")
    asked = {**{name: cells for name, (cells, _) in NOTEBOOKS.items()}, "figures": list(FIGURES)}
    for name, cells in asked.items():
        write_notebook(work / f"{name}.ipynb", cells)
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as pool:
        patch.setenv("MPLBACKEND", "module://of.another.kernel")
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))

        def run(name: str) -> tuple[str, gage.RecordedRun]:
            target = f"{name}.ipynb"
            return name, gage.run(target, directory=str(work), runs_home=str(home))

        yield dict(pool.map(run, asked))


@pytest.mark.parametrize("name", [*NOTEBOOKS, "figures"])
def test_a_notebook_completes_and_verifies(runs: dict[str, gage.RecordedRun], name: str) -> None:
    run = runs[name]

    assert run.status == "completed", run.last_lines()
    expected = NOTEBOOKS[name][1] if name in NOTEBOOKS else "inline"
    assert expected in run.last_lines(2)
    assert not run.verify()
    assert not run.missing_files


def test_figures_are_in_the_executed_notebook(runs: dict[str, gage.RecordedRun]) -> None:
    [path] = Path(runs["figures"].run_dir).rglob("figures.executed.ipynb")

    cells = json.loads(path.read_text())["cells"]

    assert [*cells[0]["outputs"][0]["data"]] == ["image/png", "text/plain"]


@pytest.mark.parametrize("language", ["R", "julia"])
def test_a_notebook_in_another_language_is_refused(
    project: Path, runs_home: Path, language: str
) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "x", "display_name": "x", "language": language}
    nbformat.write(notebook, project / "a.ipynb")

    with pytest.raises(gage.TargetError, match=rf"a.ipynb is a notebook in {language.lower()}"):
        gage.run("a.ipynb")

    assert not gage.runs()


def test_a_notebook_counts_by_its_code(project: Path, runs_home: Path) -> None:
    write_notebook(project / "a.ipynb", ["x = 1"])
    first = gage.run("a.ipynb")
    saved = nbformat.read(project / "a.ipynb", as_version=4)
    saved.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="new")]
    saved.cells.append(nbformat.v4.new_markdown_cell("text"))
    nbformat.write(saved, project / "a.ipynb")

    again = gage.run("a.ipynb", needed=True)
    write_notebook(project / "a.ipynb", ["x = 2"])
    changed = gage.run("a.ipynb", needed=True)

    assert again.id == first.id
    assert changed.id != first.id
