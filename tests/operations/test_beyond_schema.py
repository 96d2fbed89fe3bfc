"""A Gage file is checked as a whole, with or without the packages that say its faults."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from gage._internal.errors import GagefileError
from gage._internal.operations.gagefile import (
    check_gagefile,
    get_operation,
    load_gagefile,
)
from gage._internal.types import Fault
from tests.operations.gagefiles import (
    FULL,
    ROOT,
    write,
)


class TestWithoutExtras:
    """As after `pip install gage` alone: the import of a package fails as if it were not there."""

    @staticmethod
    def check(path: str) -> list[Fault]:
        code = (
            "import pickle, sys\n"
            "sys.modules.update({'jsonschema': None, 'ruamel': None, 'ruamel.yaml': None})\n"
            "from gage._internal.operations.gagefile import check_gagefile\n"
            f"sys.stdout.buffer.write(pickle.dumps(check_gagefile({path!r})))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True
        )
        faults: list[Fault] = pickle.loads(result.stdout)
        return faults

    def test_right_file(self, tmp_path: Path) -> None:
        assert self.check(write(tmp_path, "gage.toml", "[a]\nexec = 'x'\n")) == []

    def test_wrong_file(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a]\nexec = 'x'\n[b]\nexc = 3\n")

        assert [str(fault) for fault in self.check(path)] == [
            (
                f"{path}: 'b' does not follow the schema of Gage files: "
                "to see the faults, pip install 'gage[config]'"
            )
        ]

    def test_yaml(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.yaml", "a: {exec: x}\n")

        assert [str(fault) for fault in self.check(path)] == [
            (
                f"{path}: reading YAML needs ruamel.yaml: "
                "pip install 'gage[config]', or write TOML or JSON"
            )
        ]


class TestCheck:
    def test_right_file(self, tmp_path: Path) -> None:
        assert check_gagefile(write(tmp_path, "gage.json", json.dumps(FULL))) == []

    def test_faults_are_those_of_loading(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a]\ndefault = 1\nexc = 'x'\n")

        with pytest.raises(GagefileError) as caught:
            get_operation(load_gagefile(path), "a")

        assert tuple(check_gagefile(path)) == caught.value.faults

    @pytest.mark.parametrize(
        ("config", "key", "expected"),
        [
            pytest.param('"#lr"', "a.config", "expected a file before the keys", id="text"),
            pytest.param('["x.py", "y.py#"]', "a.config[1]", "expected a key after #", id="list"),
            pytest.param(
                '{keys = ["x.py#a", "#b", "#"]}', "a.config.keys[2]", "expected a key", id="table"
            ),
            pytest.param(
                '["x.py", {keys = "#b"}]', "a.config[1].keys", "expected a file", id="mixed"
            ),
            pytest.param('"*.py size<x#a"', "a.config", "expected a number", id="file"),
        ],
    )
    def test_patterns_of_configuration(
        self, tmp_path: Path, config: str, key: str, expected: str
    ) -> None:
        path = write(tmp_path, "gage.toml", f"[a]\nconfig = {config}\n")

        (fault,) = check_gagefile(path)

        assert (fault.line, fault.key) == (2, key)
        assert fault.message.startswith(f"malformed pattern: {expected}")

    def test_malformed(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a\n")

        (fault,) = check_gagefile(path)

        assert (fault.file, fault.line, fault.column, fault.key) == (path, 1, 3, "")

    def test_nothing_there(self, tmp_path: Path) -> None:
        path = str(tmp_path / "gage.toml")

        assert check_gagefile(path) == [
            Fault(path, None, "", "expected a Gage file, found nothing")
        ]

    def test_two_defaults(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "[a]\ndefault = true\n[b]\n[c]\ndefault = true\n")

        assert check_gagefile(path) == [
            Fault(path, 5, "c.default", "expected one default operation, found a and c")
        ]
