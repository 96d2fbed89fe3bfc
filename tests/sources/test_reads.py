"""What a program is going to read is found in its text, without running it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gage._internal.sources.named_files import MOST_FILES
from gage._internal.sources.program import Program
from gage._internal.sources.reads import Reads, find_reads


def files(project: Path, *names: str) -> None:
    for name in names:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x00data")


def reads_of(project: Path, source: str, name: str = "train.py") -> Reads:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return find_reads(str(project), [Program(name, path.read_bytes(), "")])


@pytest.mark.parametrize(
    "source",
    [
        "open('data/a.bin')",
        "from pathlib import Path\nPath('data') / 'a.bin'",
        "from pathlib import Path\n(Path.cwd() / 'data').joinpath('a.bin').read_bytes()",
        "import os\nos.path.join('data', 'a.bin')",
        "import os.path as osp\nosp.join('data', 'a.bin')",
        "d = 'data'\nopen(d + '/a.bin')",
        "d, n = 'data', 'a'\nopen(f'{d}/{n}.bin')",
        "for n in ['z', 'a']:\n    open(f'data/{n}.bin')",
        "for i, n in enumerate(('z', 'a')):\n    open('data/%s.bin' % n)",
        "def load(d='data'):\n    return open('{}/a.bin'.format(d))",
        "def load(self):\n    self.d = 'data'\n    open(self.d + '/a.bin')",
        "from pathlib import Path\nD = Path(__file__).resolve().parent\nopen(D / 'data/a.bin')",
        ("import os\nD = os.path.dirname(__file__)\nos.path.join(D, 'data', 'a.bin')"),
        "download('https://example.org/x/data/a.bin?raw=1')",
        "x = 'sqlite:///data/a.bin'",
        "import os\nos.chdir('data')\nopen('a.bin')",
        "import glob\nglob.glob('data/*.bin')",
        "from pathlib import Path\np = Path('data')\nlist(p.glob('*.bin'))",
        "import os\nfor n in os.listdir('data'):\n    open(os.path.join('data', n))",
        "import pandas as pd\nD = 'data'\npd.read_parquet(D)",
        "def load(n):\n    return open(f'data/{n}.bin')",
        "print('<img src=\"data/a.bin\">')",
        "x = {'train': 'data/a.bin'}['train']",
        (
            "if True:\n"
            "    def f():\n        with open('data/a.bin', 'rb') as file:\n            file.read()"
        ),
        "import pickle\npickle.load(open('data/a.bin', 'rb'))",
    ],
)
def test_a_file_that_a_program_names_is_found(project: Path, source: str) -> None:
    files(project, "data/a.bin")

    found = reads_of(project, source)

    assert list(found.files) == ["data/a.bin"]
    assert found.files["data/a.bin"].named_in.startswith("train.py:")


@pytest.mark.parametrize(
    "source",
    [
        "'''data/a.bin'''",
        "x.to_csv('data/a.bin')",
        "open('data/a.bin', 'w')",
        "open('data/a.bin', mode='ab')",
        "import pathlib\npathlib.Path('data/a.bin').write_text('x')",
        "import pickle\npickle.dump(1, open('data/a.bin', 'wb'))",
        "df['data']",
        "df.drop('data')",
        "plt.title('data')",
        "x == 'data'",
        "print('*' * 10, '*')",
        "x = 'data'",
        "open('/data/a.bin')",
        "open(",
    ],
)
def test_what_is_not_read_is_not_found(project: Path, source: str) -> None:
    files(project, "data/a.bin")

    assert not reads_of(project, source).files


def test_what_is_written_is_said(project: Path) -> None:
    files(project, "a.bin", "b.bin")

    found = reads_of(project, "open('a.bin', 'w')\nopen('b.bin')\nopen('b.bin', 'w')")

    assert found.written == {"a.bin", "b.bin"}
    assert list(found.files) == ["b.bin"]


def test_directories_have_a_limit_that_is_said(project: Path) -> None:
    files(project, *(f"data/{number:04}.bin" for number in range(MOST_FILES + 5)))

    found = reads_of(project, "import os\nos.listdir('data')")

    assert len(found.files) == MOST_FILES
    assert found.notes == [
        f"Found for train.py:2: of data only the first {MOST_FILES} files (--with data adds all)"
    ]


def test_the_directory_of_the_program_is_not_taken_as_a_whole(project: Path) -> None:
    files(project, "a.bin", "below/b.bin")

    found = reads_of(project, "import os, sys\nsys.path.append('..')\nos.listdir('.')")

    assert sorted(found.files) == ["a.bin", "train.py"]


def test_paths_that_go_up_stay_within_two_levels(project: Path) -> None:
    (project / "a/b/c").mkdir(parents=True)
    files(project, "one.bin", "a/two.bin", "a/b/three.bin")

    found = reads_of(
        project / "a/b/c", "open('../three.bin'), open('../../two.bin'), open('../../../one.bin')"
    )

    assert sorted(found.files) == ["../../two.bin", "../three.bin"]
    assert found.levels_up == 2


def test_paths_that_go_up_stay_within_the_repository(project: Path) -> None:
    (project / "r/a/b/c").mkdir(parents=True)
    (project / "r/.git").mkdir()
    files(project, "out.bin", "r/one.bin")

    found = reads_of(project / "r/a/b/c", "open('../../../one.bin'), open('../../../../out.bin')")

    assert list(found.files) == ["../../../one.bin"]


def test_the_home_directory_is_never_above(home: Path) -> None:
    project = home / "project"
    project.mkdir()
    files(home, "secret.bin")
    (home / ".git").mkdir()

    assert not reads_of(project, "open('../secret.bin')").files


def test_hidden_files_are_left_out_and_said(project: Path) -> None:
    files(project, ".env", "data/.hidden/a.bin")

    found = reads_of(project, "open('.env'), open('data/.hidden/a.bin')")

    assert not found.files
    assert found.notes == [
        "Left out, hidden and maybe secret: add it with --with .env",
        "Left out, hidden and maybe secret: add it with --with data/.hidden/a.bin",
    ]


def test_modules_of_the_project_are_looked_into(project: Path) -> None:
    files(project, "package/a.bin", "b.bin", "src/other/c.bin")
    (project / "package/__init__.py").write_text("from .inner import x\n")
    (project / "package/inner.py").write_text(
        "from pathlib import Path\nx = Path(__file__).with_name('z').parent / 'a.bin'\n"
    )
    (project / "src/other/__init__.py").write_text("open('src/other/c.bin')")
    (project / "top.py").write_text("open('b.bin')")

    found = reads_of(
        project, "import package, top\nimport sys\nsys.path.insert(0, 'src')\nimport other, numpy"
    )

    assert {path for path, file in found.files.items() if not file.is_module} == {
        "b.bin",
        "src/other/c.bin",
        "package/a.bin",
    }
    assert {path for path, file in found.files.items() if file.is_module} == {
        "package/__init__.py",
        "package/inner.py",
        "src/other/__init__.py",
        "top.py",
    }


def test_a_module_beside_the_project_is_found(project: Path) -> None:
    (project / "code").mkdir()
    (project / "shared").mkdir()
    (project / "shared/tool.py").write_text("x = 1")

    found = reads_of(
        project / "code", "import sys\nsys.path.append('../shared')\nfrom tool import x"
    )

    assert list(found.files) == ["../shared/tool.py"]


def test_links_keep_their_own_names(project: Path) -> None:
    files(project, "elsewhere/a.bin")
    (project / "data").symlink_to("elsewhere")
    (project / "b.bin").symlink_to("elsewhere/a.bin")

    found = reads_of(project, "open('data/a.bin'), open('b.bin')")

    assert sorted(found.files) == ["b.bin", "data/a.bin"]


def test_the_cells_of_a_notebook_are_one_program(project: Path) -> None:
    files(project, "data/a.bin", "data/b.bin", "data/c.bin", "d/e.bin")
    cells = [
        "D = 'data'",
        "!head {D}/x data/b.bin",
        "%load data/c.bin",
        "%%time\nopen(D + '/a.bin')",
        "this is not Python",
        "%cd d\nopen('e.bin')",
        "%%bash\ncat /etc/hosts",
    ]
    source = json.dumps(
        {
            "nbformat": 4,
            "cells": [{"cell_type": "code", "source": cell.splitlines(True)} for cell in cells],
        }
    )

    found = reads_of(project, source, "a.ipynb")

    assert sorted(found.files) == ["d/e.bin", "data/a.bin", "data/b.bin", "data/c.bin"]


def test_words_of_the_command_are_looked_at(project: Path) -> None:
    files(project, "data/a.bin", "b.bin")

    found = find_reads(str(project), [], ["--data=data", "b.bin", "lr=0.1", "\0"])

    assert sorted(found.files) == ["b.bin", "data/a.bin"]
    assert found.files["b.bin"].named_in == "the command"


def test_a_file_that_cannot_be_parsed_names_nothing(project: Path) -> None:
    assert not reads_of(project, "(" * 5000).files
    assert [path.name for path in project.iterdir()] == ["train.py"]
