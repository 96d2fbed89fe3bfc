"""What a program is going to read is given to its run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import gage
from gage._internal.operations import found_files
from gage._internal.operations.found_files import with_found_files
from gage._internal.operations.targets import resolve_target, with_given_files
from gage._internal.record.run_meta import read_attr
from gage._internal.staging.preview import preview, preview_text

BINARY = b"\x00" * 200_000


@pytest.fixture
def data(project: Path, runs_home: Path) -> Path:
    (project / "data").mkdir()
    (project / "data/a.bin").write_bytes(BINARY)
    return project


def types(run: gage.RecordedRun) -> dict[str, str]:
    return {entry.path: entry.type for entry in run.manifest}


def test_a_binary_file_that_a_script_names_is_a_dependency(data: Path) -> None:
    (data / "train.py").write_text("print(len(open('data/a.bin', 'rb').read()))")

    run = gage.run("train.py")

    assert run.last_lines() == "200000"
    assert types(run) == {"train.py": "s", "data/a.bin": "d"}
    assert read_attr(run, "sys", "found") == [{"path": "data/a.bin", "named_in": "train.py:1"}]
    assert run.notes == []


def test_nothing_is_found_when_that_is_asked_for(data: Path) -> None:
    (data / "train.py").write_text("open('data/a.bin', 'rb')")

    run = gage.run("train.py", find=False)

    assert types(run) == {"train.py": "s"}
    assert "No such file" in run.last_lines()


def test_a_preview_lists_what_is_found(data: Path) -> None:
    (data / "train.py").write_text("\nopen('data/a.bin', 'rb')")

    found = preview(with_found_files(resolve_target("train.py")))

    assert found["found"] == [{"path": "data/a.bin", "named_in": "train.py:2", "linked": False}]
    assert "found\n  data/a.bin  (named in train.py:2)\n" in preview_text(found)


def test_a_run_keeps_the_shape_of_its_project(project: Path, runs_home: Path) -> None:
    code = project / "work/code"
    code.mkdir(parents=True)
    (project / "data").mkdir()
    (project / "data/a.bin").write_bytes(BINARY)
    (code / "own.txt").write_text("own")
    (code / "train.py").write_text(
        "lr = 0.1\nimport os\n"
        "data = open('../../data/a.bin', 'rb').read()\n"
        "print(lr, os.getcwd(), len(data), open('own.txt').read())\n"
        "open('made.txt', 'w').write('made')\n"
        "import json; json.dump({'metrics': {'loss': 0.5}}, open('summary.json', 'w'))"
    )
    os.chdir(code)

    run = gage.run("train.py", {"lr": 0.2})

    where = f"{run.run_dir}/work/code"
    assert run.last_lines() == f"0.2 {where} 200000 own"
    assert types(run) == {
        "work/code/train.py": "s",
        "work/code/own.txt": "s",
        "data/a.bin": "d",
        "work/code/made.txt": "g",
        "work/code/summary.json": "g",
    }
    assert run.config["lr"] == 0.2
    assert run.metrics["loss"].last == 0.5
    assert not run.verify()


def test_trials_of_a_batch_keep_the_shape_too(project: Path, runs_home: Path) -> None:
    (project / "code").mkdir()
    (project / "a.bin").write_bytes(BINARY)
    (project / "code/train.py").write_text("n = 1\nprint(n, len(open('../a.bin', 'rb').read()))")
    os.chdir(project / "code")

    batch = gage.run_batch("train.py", {"n": [2, 3]})

    assert sorted(run.last_lines() for run in batch.runs) == ["2 200000", "3 200000"]
    assert [types(run) for run in batch.runs] == [{"code/train.py": "s", "a.bin": "d"}] * 2


def test_a_file_that_is_read_and_written_stays_writable(data: Path) -> None:
    (data / "state.bin").write_bytes(b"\x00")
    (data / "train.py").write_text(
        "import os, stat\n"
        "old = open('state.bin', 'rb').read()\n"
        "print(oct(stat.S_IMODE(os.stat('state.bin').st_mode) & 0o200))\n"
        "open('state.bin', 'wb').write(old * 2)"
    )

    run = gage.run("train.py")

    assert (run.status, run.last_lines()) == ("completed", "0o200")


def test_what_is_too_much_to_copy_is_linked_and_said(
    data: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(found_files, "MOST_COPIED_BYTES", 100_000)
    (data / "small.bin").write_bytes(b"\x00small")
    (data / "train.py").write_text("print(len(open('data/a.bin', 'rb').read()), open('small.bin'))")

    run = gage.run("train.py")

    assert run.last_lines().startswith("200000 ")
    link = Path(run.run_dir, "data/a.bin")
    assert link.readlink() == data / "data/a.bin"
    assert not Path(run.run_dir, "small.bin").is_symlink()
    assert types(run)["data/a.bin"] == "d"
    [note] = run.notes
    assert note.startswith("Linked, not copied (0.0 GB): data/a.bin is ")
    assert not run.verify()
    assert len((home / ".cache/gage/digests").read_text().splitlines()) == 1
    (data / "data/a.bin").write_bytes(b"changed")
    assert [(difference.kind, difference.path) for difference in run.verify()] == [
        ("changed", "data/a.bin")
    ]


def test_a_linked_file_is_hashed_once(
    data: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(found_files, "MOST_COPIED_BYTES", 100_000)
    (data / "train.py").write_text("open('data/a.bin', 'rb')")
    first = gage.run("train.py")
    cache = home / ".cache/gage/digests"

    second = gage.run("train.py")

    assert len(cache.read_text().splitlines()) == 1
    assert first.manifest == second.manifest
    cache.write_text("damaged\n" + cache.read_text())
    assert gage.run("train.py").manifest == first.manifest


def test_what_a_gage_file_excludes_is_not_found(data: Path) -> None:
    (data / "gage.toml").write_text(
        '[train]\nexec = "python train.py"\nsourcecode = ["*.py", "-data/secret.bin"]\n'
    )
    (data / "data/secret.bin").write_bytes(BINARY)
    (data / "train.py").write_text("open('data/a.bin', 'rb'), open('data/secret.bin', 'rb')")

    operation = with_found_files(resolve_target("train"))

    assert [file.path for file in operation.given] == ["data/a.bin"]


def test_above_a_gage_file_nothing_is_found_and_it_is_said(data: Path) -> None:
    (data / "below").mkdir()
    (data / "below/gage.toml").write_text('[train]\nexec = "python train.py"\n')
    (data / "below/train.py").write_text("open('../data/a.bin', 'rb')")

    operation = with_found_files(resolve_target("train", directory=str(data / "below")))

    assert not operation.given
    assert operation.notes == (
        "Left out, it is not below the Gage file: add it with --with ../data/a.bin",
    )


@pytest.mark.parametrize(
    "command",
    [
        ["python", "train.py"],
        ["python", "-u", "-W", "ignore", "train.py"],
        ["python", "-m", "train"],
        "python train.py",
        ["true", "--data", "data/a.bin"],
        ["true", "--data=data/a.bin"],
    ],
    ids=str,
)
def test_the_program_is_found_in_a_command(data: Path, command: list[str] | str) -> None:
    (data / "train.py").write_text("open('data/a.bin', 'rb')")
    (data / "gage.json").write_text(json.dumps({"op": {"exec": command}}))

    operation = with_found_files(resolve_target("op"))

    assert "data/a.bin" in {file.path for file in operation.given}


def test_values_name_files_too(data: Path) -> None:
    (data / "train.py").write_text("path = 'x'\nopen(path)")

    operation = with_found_files(resolve_target("train.py", {"path": "data/a.bin"}))

    assert [file.path for file in operation.given] == ["data/a.bin"]


def test_all_files_of_a_directory_can_be_asked_for(data: Path) -> None:
    (data / "train.py").write_text("")
    (data / "data/below").mkdir()
    (data / "data/below/.hidden").write_text("")

    operation = with_given_files(resolve_target("train.py"), ["data"])

    assert [file.path for file in operation.given] == ["data/a.bin", "data/below/.hidden"]
