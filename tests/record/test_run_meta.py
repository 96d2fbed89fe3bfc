"""What is written into a side-car is what is read from it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from gage._internal.errors import MetaError
from gage._internal.record.reading import read_text
from gage._internal.record.run_meta import (
    check_schema,
    encode_json,
    meta_config,
    meta_opcmd,
    meta_opdef,
    meta_opref,
    read_attr,
    read_attrs,
    read_timestamp,
    run_for_meta_dir,
    write_attr,
    write_definition,
    write_timestamp,
)
from gage._internal.staging.staging import init_run_meta, make_run
from gage._internal.types import Command, OpCmd, OpDef, OpRef, Run
from tests.making import initialized, meta

_ODD = "a b\n\"c'\t" + os.fsdecode(b"\xff") + " 😀"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(str(tmp_path))


# The definition


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["python", "train.py"], ["python", "train.py"]),
        (["echo", "", " x ", _ODD, "-n"], ["echo", "", " x ", _ODD, "-n"]),
        ([], []),
        ("echo a | cat\necho b", ["sh", "-c", "echo a | cat\necho b"]),
        ("#!/bin/sh\necho a\n", "#!/bin/sh\necho a\n"),
    ],
    ids=["list", "odd-words", "empty", "shell", "script"],
)
def test_a_command_comes_back(run: Run, given: Command, found: Command) -> None:
    init_run_meta(run, OpRef("ns", "op"), OpDef("op", {}), {}, OpCmd(given, {}))

    assert meta_opcmd(run) == OpCmd(found, {})


def test_the_environment_comes_back_and_is_sorted_in_the_file(run: Run) -> None:
    env = {"B": "x=y", "A": "two\nlines", "C": ""}

    init_run_meta(run, OpRef("ns", "op"), OpDef("op", {}), {}, OpCmd([], env))

    assert meta_opcmd(run).env == env
    assert meta(run, "proc", "env").read_text() == '"A=two\\nlines"\nB=x=y\nC=\n'


@pytest.mark.parametrize("name", ["train", "a b", _ODD, '"x"', "train.py"], ids=ascii)
def test_the_name_of_an_operation_comes_back(run: Run, name: str) -> None:
    init_run_meta(run, OpRef("ns", name), OpDef(name, {}), {}, OpCmd([], {}))

    assert meta_opref(run) == OpRef("ns", name)


def test_definition_and_configuration_come_back(run: Run) -> None:
    data: dict[str, Any] = {"exec": {"run": "x"}, "description": _ODD, "n": [1, 2.5, None, True]}
    config = {"lr": 0.1, "name": _ODD, "layers": [1, 2], "none": None, "nested": {"a": {}}}

    init_run_meta(run, OpRef("ns", "op"), OpDef("op", data), config, OpCmd([], {}))

    assert meta_opdef(run) == OpDef("op", data)
    assert meta_config(run) == config
    assert list(meta_config(run)) == list(config)


@pytest.mark.parametrize("namespace", ["", "a b", "a\n"], ids=repr)
def test_a_namespace_that_its_line_cannot_hold_is_refused_before_anything_is_written(
    run: Run, namespace: str
) -> None:
    with pytest.raises(ValueError, match="namespace without white space"):
        write_definition(run, OpRef(namespace, "op"), OpDef("op", {}), {}, OpCmd([], {}), lambda: 1)

    assert list(Path(run.meta_dir).iterdir()) == []


def test_a_value_that_json_cannot_hold_is_refused_before_anything_is_written(run: Run) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        init_run_meta(run, OpRef("n", "op"), OpDef("op", {}), {"x": object()}, OpCmd([], {}))

    assert list(Path(run.meta_dir).iterdir()) == []


def test_the_time_of_initialisation_is_written_last(run: Run) -> None:
    seen: list[set[str]] = []

    def now() -> int:
        seen.append({path.name for path in Path(run.meta_dir).rglob("*") if path.is_file()})
        return 12

    write_definition(run, OpRef("n", "op"), OpDef("op", {}), {}, OpCmd([], {}), now)

    assert seen == [
        {"__schema__", "id", "name", "opref", "opdef.json", "config.json", "cmd", "env", "runner"}
    ]
    assert read_timestamp(run, "initialized") == 12


# A side-car and its run


def test_a_side_car_leads_to_its_run(tmp_path: Path) -> None:
    run = initialized(tmp_path)

    found = run_for_meta_dir(run.meta_dir)

    assert found == run
    assert (found.name, found.run_dir) == (run.name, run.run_dir)


def test_a_moved_store_is_read_as_it_is(tmp_path: Path) -> None:
    run = initialized(tmp_path / "a")

    (tmp_path / "a").rename(tmp_path / "b")

    found = run_for_meta_dir(str(tmp_path / "b" / f"{run.id}.meta"))
    assert found.run_dir == str(tmp_path / "b" / run.id)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("2\n", r"expected version 1 of the run layout, found '2' \(newer\)"),
        ("0\n", r"found '0' \(older\)"),
        ("nonsense", "found 'nonsense': read it with"),
        ("1.5", "found '1.5': read it with"),
        ("\xff" * 1000, "__schema__"),
    ],
    ids=["newer", "older", "nonsense", "fraction", "long"],
)
def test_another_version_of_the_layout_is_refused(
    tmp_path: Path, version: str, message: str
) -> None:
    run = initialized(tmp_path)
    meta(run, "__schema__").write_text(version, "latin-1")

    with pytest.raises(MetaError, match=message):
        run_for_meta_dir(run.meta_dir)


@pytest.mark.parametrize("content", [None, "", " \n"], ids=["missing", "empty", "blank"])
def test_a_side_car_without_a_version_is_of_no_run_yet(tmp_path: Path, content: str | None) -> None:
    run = initialized(tmp_path)
    meta(run, "__schema__").unlink()
    if content is not None:
        meta(run, "__schema__").write_text(content)

    assert not check_schema(run.meta_dir)
    with pytest.raises(MetaError, match="__schema__: expected the version, found none"):
        run_for_meta_dir(run.meta_dir)


def test_a_side_car_with_the_id_of_another_run_is_refused(tmp_path: Path) -> None:
    run = initialized(tmp_path)
    meta(run, "id").write_text("00000000\n")

    with pytest.raises(MetaError, match=rf"id: expected '{run.id}'.*found '00000000'"):
        run_for_meta_dir(run.meta_dir)


# Damage


@pytest.mark.parametrize(
    ("name", "data", "read", "message"),
    [
        ("opref", b"", meta_opref, "expected '1 NAMESPACE NAME'"),
        ("opref", b"2 ns op\n", meta_opref, "expected '1 NAMESPACE NAME'"),
        ("opref", b"1 ns\n", meta_opref, "expected '1 NAMESPACE NAME'"),
        ("opref", b'1 ns "op\n', meta_opref, "no closing quote"),
        ("opdef.json", b'{"exec": ', meta_opdef, "expected JSON"),
        ("opdef.json", b"[]", meta_opdef, "expected a JSON object"),
        ("config.json", b"", meta_config, "expected JSON"),
        ("config.json", b"\xff\xfe", meta_config, "expected JSON"),
        ("proc/cmd", b'"torn\n', meta_opcmd, "no closing quote"),
        ("proc/env", b'"\\999"\n', meta_opcmd, "bad escape"),
    ],
    ids=lambda value: "" if callable(value) else ascii(value),
)
def test_a_damaged_file_is_named(
    tmp_path: Path, name: str, data: bytes, read: Any, message: str
) -> None:
    run = initialized(tmp_path)
    meta(run, name).write_bytes(data)

    with pytest.raises(MetaError, match=message) as caught:
        read(run)

    assert str(meta(run, name)) in str(caught.value)


@pytest.mark.parametrize("name", ["opref", "opdef.json", "config.json", "proc/cmd", "proc/env"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    run = initialized(tmp_path)
    meta(run, name).unlink()

    with pytest.raises(MetaError, match=re.escape(str(meta(run, name)))):
        _ = (meta_opdef(run), meta_config(run), meta_opcmd(run))


def test_a_file_that_cannot_be_read_is_no_missing_file(tmp_path: Path) -> None:
    run = initialized(tmp_path)
    meta(run, "staged").mkdir()

    with pytest.raises(MetaError, match="staged: expected a file of a run, found a directory"):
        read_timestamp(run, "staged")


def test_a_text_that_is_not_there_is_none(tmp_path: Path) -> None:
    run = initialized(tmp_path)

    assert read_text(run, "proc", "exit") is None
    assert read_text(run, "id", "of", "nothing") is None


# Timestamps and attributes


def test_a_timestamp_comes_back_and_can_be_replaced(run: Run) -> None:
    write_timestamp(run, "staged", 1)
    write_timestamp(run, "staged", 1_700_000_000_000_000)

    assert read_timestamp(run, "staged") == 1_700_000_000_000_000
    assert read_timestamp(run, "started") is None


@pytest.mark.parametrize("text", ["", "12x", "1.5", "9" * 5000], ids=["empty", "x", "1.5", "long"])
def test_a_torn_timestamp_is_damage(run: Run, text: str) -> None:
    meta(run, "staged").write_text(text)

    with pytest.raises(MetaError, match="staged: expected epoch microseconds"):
        read_timestamp(run, "staged")


def test_attributes_come_back_by_name(run: Run) -> None:
    write_attr(run, "user", "tags", ["a", _ODD])
    write_attr(run, "user", "label", None)
    write_attr(run, "user", "label", "x")
    meta(run, "user", "half.1-0.tmp").write_text("{")

    assert read_attrs(run, "user") == {"label": "x", "tags": ["a", _ODD]}
    assert read_attr(run, "user", "comment", "none") == "none"
    assert read_attrs(run, "sys") == {}


def test_a_torn_attribute_is_damage(run: Run) -> None:
    write_attr(run, "sys", "git", {})
    meta(run, "sys", "git").write_text('{"commit"')

    with pytest.raises(MetaError, match="git: expected JSON"):
        read_attrs(run, "sys")


def test_json_is_ascii_and_keeps_the_order() -> None:
    assert encode_json({"b": "é", "a": 1}) == b'{\n  "b": "\\u00e9",\n  "a": 1\n}\n'
