"""Runs, what they hold, and what can be run are shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gage
from gage._internal.clock import make_id
from gage._internal.record.layout import run_meta_path
from tests.cli.commands import Started, rows, write


def test_recorded_output_is_written_as_it_was(cli: Callable[..., Started], project: Path) -> None:
    write(
        project,
        "flood.py",
        "import sys\nfor i in range(20000): print(i, file=(sys.stdout, sys.stderr)[i % 3 > 1])\n",
    )
    bare = subprocess.run([sys.executable, "flood.py"], capture_output=True, check=True)
    assert cli("run", "-q", "flood.py").returncode == 0

    outputs = [cli("output"), cli("output", "-f"), cli("output", gage.find().id)]

    assert {(done.stdout, done.stderr) for done in outputs} == {(bare.stdout, bare.stderr)}


def test_attributes_of_a_run_are_shown(cli: Callable[..., Started], project: Path) -> None:
    said = {
        "metrics": {"acc": {"value": 0.9, "label": "Accuracy"}},
        "attributes": {"a": {"value": 1.1, "color": "green"}, "data": "v2"},
    }
    write(project, "said.py", f"open('summary.json', 'w').write({json.dumps(said)!r})\n")
    assert cli("run", "said.py").returncode == 0

    shown = cli("show").stdout.decode().splitlines()

    assert "  acc  0.9  label=Accuracy" in shown
    at = shown.index("attributes")
    assert shown[at + 1 : at + 3] == ["  a     1.1  color=green", "  data  v2"]
    meta = {row["name"]: row["value"] for row in json.loads(cli("meta", "--json").stdout)}
    assert {name: value for name, value in meta.items() if name.startswith(("attr", "metric"))} == {
        "metric.acc.label": "Accuracy",
        "attr.a": 1.1,
        "attr.a.color": "green",
        "attr.data": "v2",
    }
    (row,) = json.loads(cli("runs", "--json").stdout)
    assert row["attributes"] == {"a": 1.1, "data": "v2"}
    run = gage.find()
    assert run.attributes == {"a": 1.1, "data": "v2"}
    assert run.summary == said


def test_a_listing_has_every_run_and_can_be_narrowed(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "bad.py", "1/0")
    cli("run", "hi.py", "-l", "good", "-t", "a")
    cli("run", "bad.py")
    Path(os.environ["GAGE_RUNS"], make_id()).mkdir()

    listed = rows(cli("runs", "--json"))

    assert [(row["position"], row["operation"], row["status"]) for row in listed] == [
        (1, "bad.py", "error"),
        (2, "hi.py", "completed"),
        (3, "?", "damaged"),
    ]
    assert [row["position"] for row in rows(cli("runs", "--json", "status=error"))] == [1]
    assert [row["position"] for row in rows(cli("runs", "--json", "tag=a", "label=good"))] == [2]
    text = cli("runs").stdout.decode()
    assert all(row["run"] in text for row in listed)
    assert f"{listed[2]['run']} is damaged: {listed[2]['reason']}\n" in text
    assert cli("runs", "status=running").stdout == b"No such runs.\n"


def test_an_empty_listing_says_how_to_begin(cli: Callable[..., Started]) -> None:
    assert b"Start one with: gage run" in cli("runs").stdout
    assert rows(cli("runs", "--json")) == []
    assert rows(cli("batches", "--json")) == []


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        ("show", {"run", "operation", "status", "exit_code", "label", "tags", "reason", "id"}),
        ("meta", {"name", "value"}),
        ("files", {"event", "type", "modified_us", "size_bytes", "path"}),
        ("manifest", {"type", "size_bytes", "sha256", "path"}),
        ("output", {"phase", "line", "time_ms", "stream", "text"}),
        ("metrics", {"run", "name", "step", "value"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_run_holds_is_shown_to_people_and_programs(
    cli: Callable[..., Started], project: Path, command: str, columns: set[str]
) -> None:
    write(project, "log.py", "import gage\nprint('hi')\ngage.log(loss=0.5, step=1)\n")
    assert cli("run", "log.py").returncode == 0

    shown, given = cli(command), rows(cli(command, "--json", gage.find().name))

    assert shown.returncode == 0
    assert shown.stdout
    assert given
    assert all(columns <= row.keys() for row in given)


def test_the_resources_of_a_run_are_shown(cli: Callable[..., Started], project: Path) -> None:
    burn = "import time\nwhile time.process_time() < 1: pass\n"
    write(project, "burn.py", burn)
    assert cli("run", "burn.py").returncode == 0

    shown, given = cli("resources"), rows(cli("resources", "--json"))

    assert b"cpu_time" in shown.stdout.splitlines()[0]
    assert {"time_us", "cpu_time_us", "rss_bytes", "processes"} <= given[0].keys()
    assert given[-1]["cpu_time_us"] <= 2e6
    assert b"resources      cpu time" in cli("show").stdout


# Named one by one, so that the test of what is exercised finds them.
def test_the_commands_that_show_a_run_show_it(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py", "-l", "the label")

    assert b"the label" in cli("show").stdout
    assert b"the label" in cli("meta").stdout
    assert b"hi.py" in cli("files").stdout
    assert b"hi.py" in cli("manifest").stdout
    assert cli("output").stdout == b"hi\n"
    assert cli("metrics").returncode == 0
    assert cli("batches").returncode == 0


def test_a_run_is_shown_with_its_metrics(cli: Callable[..., Started], project: Path) -> None:
    write(project, "log.py", "import gage\nfor x in (3, 1, 2): gage.log(loss=x)\nprint('acc: 1')\n")
    cli("run", "log.py")

    lines = cli("show").stdout.decode().splitlines()

    assert "  loss  2  min 1  max 3" in lines
    assert "  acc   1" in lines


def test_a_damaged_run_is_shown_with_its_damage(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    run = gage.find()
    Path(run_meta_path(run, "manifest")).write_text("nonsense\n")
    shown = cli("show")
    assert shown.returncode == 0
    assert b"expected 'TYPE SHA256 PATH'" in shown.stdout

    shutil.rmtree(run.meta_dir)

    assert b"side-car is missing" in cli("show", run.id).stdout
    for command in ("files", "manifest", "output", "verify"):
        asked = cli(command)
        assert (asked.returncode, asked.stdout) == (1, b"")
        assert b"side-car is missing" in asked.stderr
    assert b"Traceback" not in cli("meta").stderr


def test_what_can_be_run_is_listed(cli: Callable[..., Started], project: Path) -> None:
    write(project, "gage.toml", '[op]\nexec = "true"\ndefault = true\n')

    assert [(row["name"], row["kind"], row["default"]) for row in rows(cli("ops", "--json"))] == [
        ("op", "operation", True),
        ("hi.py", "script", False),
    ]
    assert b"hi.py" in cli("ops").stdout


def test_a_gage_file_is_checked(cli: Callable[..., Started], project: Path) -> None:
    write(project, "gage.toml", '[op]\nexec = "true"\n')
    good = cli("check")
    write(project, "bad.toml", '[op]\nexec = "true"\ndescriptoin = "x"\n')
    bad = cli("check", "bad.toml")

    assert (good.returncode, bad.returncode) == (0, 1)
    assert b"no faults" in good.stdout
    assert b"bad.toml:3:" in bad.stdout
    assert Path(cli("check", "--schema").stdout.decode().strip()).is_file()


def test_what_a_run_showed_is_named(cli: Callable[..., Started], project: Path) -> None:
    write(project, "draw.py", "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n")

    ran = cli("run", "draw.py")

    assert "completed; it showed figure 1, 640×480 px" in ran.stderr.decode()
    assert "shown (1)\n  figure 1, 640×480 px\n" in cli("show").stdout.decode()


def test_caches_are_not_among_the_files_that_show_lists(
    cli: Callable[..., Started], project: Path
) -> None:
    write(project, "helper.py", "x = 1\n")
    write(project, "t.py", "import helper\nopen('made.txt', 'w').write('x')\n")
    cli("run", "t.py")

    text = cli("show").stdout.decode()

    assert re.search(r"generated +made\.txt", text)
    assert ".pyc" not in text
    assert "more: gage manifest" in text


def test_values_of_the_newest_run_find_room_first(
    cli: Callable[..., Started], project: Path, env: dict[str, str]
) -> None:
    env["COLUMNS"] = "80"
    write(project, "old.py", "".join(f"old_{number} = 1\n" for number in range(9)))
    write(project, "new.py", "lr = 0.1\nprint('loss:', 1 / lr)\n")
    write(project, "bad.py", "raise SystemExit(3)\n")
    for line in (["old.py"], ["old.py", "old_1=2"], ["bad.py"], ["new.py", "lr=[0.1,0.2]"]):
        cli("run", *line)

    heading, *lines = cli("runs").stdout.decode().splitlines()

    names = heading.split()
    assert names.index("duration") < names.index("lr") < names.index("loss")
    assert max(map(len, lines)) <= 80
    assert any(" error " in line for line in lines)
    assert "0.2" in lines[0].split()
    assert lines[0].split()[-1] == "5"


def test_verify_says_what_is_wrong_with_a_damaged_run(cli: Callable[..., Started]) -> None:
    cli("run", "hi.py")
    config = Path(gage.find().meta_dir, "config.json")
    config.chmod(0o600)
    config.write_text("abc")

    done = cli("verify")

    assert done.returncode == 1
    assert b"damaged" in done.stdout
    (row,) = rows(cli("verify", "--json"))
    assert (row["difference"], row["path"]) == ("damaged", "")
    assert "config.json: expected JSON" in row["found"]
