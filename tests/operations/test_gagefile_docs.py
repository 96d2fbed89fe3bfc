"""docs/gage-file.md: its examples are read, checked and compared with each other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gage._internal.operations.gagefile import GageFile, check_gagefile, load_gagefile, schema_path
from gage._internal.types import PHASES, OpDef

PAGE = Path(__file__).parents[2] / "docs" / "gage-file.md"
SCHEMA = json.loads(Path(schema_path()).read_text(encoding="utf-8"))
DEFINITIONS = SCHEMA["$defs"]


class Example(NamedTuple):
    line: int
    format: str
    text: str
    prose: str  # what stands between the block before and this one


def blocks() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    found = []
    end = 0
    for block in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, block.start()) + 1
        found.append(Example(line, block[1], block[2], text[end : block.start()]))
        end = block.end()
    return found


BLOCKS = blocks()
EXAMPLES = [block for block in BLOCKS if block.format not in {"text", "console"}]
ERRORS = {before.line: block.text for before, block in pairwise(BLOCKS) if block.format == "text"}
SAME = [
    (before, block)
    for before, block in pairwise(EXAMPLES)
    if re.search(r"\bOr(, .*)?:$", block.prose.strip())
]


def name_of(example: Example) -> str:
    return f"line {example.line}"


def write_example(example: Example, directory: Path) -> str:
    path = directory / f"gage.{example.format}"
    path.write_text(example.text, encoding="utf-8")
    return str(path)


def load(example: Example, directory: Path) -> GageFile:
    return load_gagefile(write_example(example, directory))


def meaning(opdef: OpDef) -> dict[str, Any]:
    """Everything that an operation says, in whatever form it says it."""
    return {
        "name": opdef.name,
        "description": opdef.description,
        "default": opdef.default,
        "version": opdef.version,
        "exec": [opdef.command(phase.name) for phase in PHASES],
        "env": opdef.env,
        "sourcecode": opdef.sourcecode,
        "config": opdef.config,
        "depends": [
            {key: value for key, value in table.items() if key != "type"} for table in opdef.depends
        ],
        "summary": opdef.summary_filename,
        "output-summary": opdef.output_summary,
        "progress": [opdef.progress(phase.name) for phase in PHASES],
    }


def test_the_page_has_examples() -> None:
    assert {example.format for example in EXAMPLES} == {"toml", "yaml", "json"}
    assert ERRORS
    assert SAME


@pytest.mark.parametrize(
    "example", [pytest.param(x, id=name_of(x)) for x in EXAMPLES if x.line not in ERRORS]
)
def test_example_is_a_gage_file(example: Example, tmp_path: Path) -> None:
    gagefile = load(example, tmp_path)

    assert gagefile.operations
    assert all(opdef.command("run") for opdef in gagefile.operations.values())


@pytest.mark.parametrize(
    "example", [pytest.param(x, id=name_of(x)) for x in EXAMPLES if x.line in ERRORS]
)
def test_example_of_faults_shows_them(example: Example, tmp_path: Path) -> None:
    path = write_example(example, tmp_path)

    shown = "".join(f"{fault}\n" for fault in check_gagefile(path))

    assert shown.replace(f"{tmp_path}/", "") == ERRORS[example.line]


@pytest.mark.parametrize(
    ("before", "example"), [pytest.param(*pair, id=name_of(pair[1])) for pair in SAME]
)
def test_other_form_means_the_same(before: Example, example: Example, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    first = load(before, tmp_path / "a").operations.values()
    second = load(example, tmp_path / "b").operations.values()

    assert [meaning(opdef) for opdef in first] == [meaning(opdef) for opdef in second]


def test_the_command_that_finds_the_schema() -> None:
    (block,) = (block for block in BLOCKS if block.format == "console")
    code = block.text.removeprefix('$ python -c "').rstrip('"\n')

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert Path(result.stdout.decode().strip()) == Path(schema_path())


@pytest.mark.parametrize("key", [*DEFINITIONS["operation"]["properties"], *SCHEMA["properties"]])
def test_every_key_has_a_section_with_an_example(key: str) -> None:
    text = PAGE.read_text(encoding="utf-8")

    section = re.search(rf"^### `{re.escape(key)}`\n(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)

    assert section is not None
    assert re.search(rf"^```\w+\n[^`]*{re.escape(key)}[^`]*^```$", section[1], re.MULTILINE)


@pytest.mark.parametrize(
    "table", ["phase-commands", "config-table", "project-files", "run-files", "runs-summary"]
)
def test_every_key_of_a_table_is_described_and_shown(table: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    examples = "\n".join(example.text for example in EXAMPLES)

    for key in DEFINITIONS[table]["properties"]:
        assert f"`{key}`" in text
        assert re.search(rf'(^|[\s"{{]){re.escape(key)}"?\s*[=:]', examples), key
