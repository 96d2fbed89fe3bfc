"""A preview says what would be, and nothing is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.staging.preview import operation_text, preview, preview_text

GAGEFILE = """
[train]
description = "Trains a model"
version = "2"
config = "train.py"
depends = { run = "prepare" }
sourcecode = "*.py"
env = { DEVICE = "cpu" }

[train.exec]
run = ["python", "train.py", "a b"]
init-runtime = "echo ready"
"""


@pytest.fixture
def with_operation(project: Path) -> Path:
    (project / "gage.toml").write_text(GAGEFILE)
    (project / "train.py").write_text("lr = 0.1\nname = 'x y'\n")
    (project / "notes.txt").write_text("12345")
    return project


def section(text: str, title: str) -> list[str]:
    """Return the indented lines below a title."""
    lines = text.splitlines()
    below = lines[lines.index(title) + 1 :]
    count = next((i for i, line in enumerate(below) if not line.startswith("  ")), len(below))
    return [line.strip() for line in below[:count]]


def test_a_preview_has_all_that_would_be_staged_and_run(with_operation: Path) -> None:
    (with_operation / "data.csv").write_text("1")
    operation = with_given_files(resolve_target("train", {"lr": 0.5}), ["data.csv"])

    text = preview_text(preview(operation))

    assert "operation      gage:train" in text
    assert "command        python train.py 'a b'" in text
    assert section(text, "configuration") == ["lr = 0.5", "name = 'x y'"]
    assert section(text, "environment") == ["DEVICE=cpu"]
    assert section(text, "source code (1 file, 22 B)") == ["train.py"]
    assert section(text, "given") == ["data.csv"]
    assert "init-runtime: echo ready" in section(text, "phases")
    assert any("prepare" in line for line in section(text, "dependencies"))
    assert text.endswith("Nothing was staged or run.")


def test_a_preview_has_the_files_of_dependencies_and_what_is_missing(project: Path) -> None:
    (project / "gage.toml").write_text(
        '[op]\nexec = "true"\nsourcecode = false\ndepends = ["*.csv", "no/*"]\n'
        '[other]\nexec = "true"\nsourcecode = false\ndepends = "*.csv"\n'
    )
    (project / "a.csv").write_text("1")

    (missing,) = section(preview_text(preview(resolve_target("op"))), "dependencies")

    assert "matches 'no/*'" in missing
    assert section(preview_text(preview(resolve_target("other"))), "dependencies") == ["a.csv"]


def test_a_preview_leaves_nothing_behind(with_operation: Path, runs_home: Path) -> None:
    before = sorted(with_operation.rglob("*"))

    preview_text(preview(resolve_target("train")))

    assert sorted(with_operation.rglob("*")) == before
    assert not runs_home.exists()


def test_a_preview_of_a_script_has_its_defaults_and_what_is_left_out(project: Path) -> None:
    (project / "train.py").write_text("lr = 0.1\n")
    (project / "outside").symlink_to("/etc/passwd")

    text = preview_text(preview(resolve_target("train.py")))

    assert section(text, "configuration") == ["lr = 0.1"]
    assert any("outside" in line for line in section(text, "notes"))


def test_a_preview_is_text_whatever_files_are_called(project: Path) -> None:
    name = os.fsdecode(b"a\n\xff.py")
    (project / name).write_text("x = 1\n")

    text = preview_text(preview(resolve_target(name)))

    assert section(text, "source code (1 file, 6 B)") == ['"a\\n\\377.py"']
    assert text.encode()


def test_the_text_of_an_operation_says_what_it_takes(with_operation: Path) -> None:
    text = operation_text(resolve_target("train"))

    assert text.startswith("train (version 2)\n  Trains a model\n")
    assert "gage.toml" in text
    keys = section(text, "configuration, with defaults")
    assert [line.split("  ")[0] for line in keys] == ["lr = 0.1", "name = 'x y'"]
    assert section(text, "source code") == ["*.py"]


def test_each_line_of_a_description_is_indented(project: Path) -> None:
    (project / "gage.toml").write_text(
        '[op]\nexec = "true"\ndescription = """\nOne.\n\nTwo.\n"""\n'
    )

    assert operation_text(resolve_target("op")).startswith("op\n  One.\n\n  Two.\n  defined in")


def test_an_operation_without_anything_is_short(project: Path) -> None:
    (project / "gage.toml").write_text('[op]\nexec = "true"\nsourcecode = false\n')

    text = operation_text(resolve_target("op"))

    assert text.startswith("op\n")
    assert "configuration" not in text
    assert "environment" not in text


def test_a_preview_is_data_for_json_too(with_operation: Path) -> None:
    data = json.loads(json.dumps(preview(resolve_target("train", {"lr": 0.5}))))

    assert data["operation"] == "gage:train"
    assert data["configuration"]["lr"] == 0.5
    assert {"path": "train.py", "size_bytes": 22} in data["source_code"]
