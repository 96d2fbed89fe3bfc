"""A Gage file is found and read, and its operations are chosen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.errors import GagefileError, TargetError
from gage._internal.operations.gagefile import (
    check_gagefile,
    default_operation,
    describe_operation,
    find_gagefile,
    get_operation,
    load_gagefile,
)
from gage._internal.operations.gagefile_text import read_gagefile
from gage._internal.types import OpDef
from tests.operations.gagefiles import (
    ROOT,
    load,
    write,
)


class TestFind:
    @pytest.mark.parametrize("name", ["gage.toml", "gage.yaml", "gage.yml", "gage.json"])
    def test_in_the_directory(self, tmp_path: Path, name: str) -> None:
        path = write(tmp_path, name, "")

        assert find_gagefile(str(tmp_path)) == path

    def test_in_a_parent(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", "")
        (tmp_path / "a" / "b").mkdir(parents=True)

        assert find_gagefile(str(tmp_path / "a" / "b")) == path

    def test_the_nearest_one(self, tmp_path: Path) -> None:
        write(tmp_path, "gage.toml", "")
        path = write(tmp_path / "a", "gage.json", "")

        assert find_gagefile(str(tmp_path / "a")) == path

    def test_above_the_home_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write(tmp_path, "gage.toml", "")
        (tmp_path / "home" / "project").mkdir(parents=True)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))

        assert find_gagefile(str(tmp_path / "home" / "project")) == path

    def test_of_a_relative_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(tmp_path, "gage.toml", "")
        (tmp_path / "a").mkdir()
        monkeypatch.chdir(tmp_path / "a")

        assert find_gagefile(".") == path

    def test_in_the_dot_directory_of_the_project(self, tmp_path: Path) -> None:
        path = write(tmp_path / ".gage", "gage.yaml", "train: {exec: x}")
        (tmp_path / "a").mkdir()

        assert find_gagefile(str(tmp_path / "a")) == path
        assert load_gagefile(path).project_dir == str(tmp_path)

    def test_none(self, tmp_path: Path) -> None:
        write(tmp_path, "gage.ini", "")
        write(tmp_path / "a", "gage.toml", "")

        assert find_gagefile(str(tmp_path)) is None

    def test_two_in_one_directory(self, tmp_path: Path) -> None:
        write(tmp_path, "gage.toml", "")
        write(tmp_path, ".gage/gage.json", "")

        with pytest.raises(GagefileError) as caught:
            find_gagefile(str(tmp_path))

        assert str(caught.value) == (
            f"{tmp_path}: expected one Gage file, found gage.toml and {Path('.gage/gage.json')}: "
            "keep one of them and rename or remove the others"
        )


class TestRead:
    def test_operations_in_their_order(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[b]\nexec = 'x'\n[a]\nexec = 'y'\n")

        assert list(gagefile.operations) == ["b", "a"]
        assert gagefile.operations["b"] == OpDef("b", {"exec": "x"})
        assert gagefile.operations["b"].src == gagefile.path == str(tmp_path / "gage.toml")
        assert gagefile.data == {"b": {"exec": "x"}, "a": {"exec": "y"}}
        assert gagefile.runs_dir is None

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            pytest.param("runs", "{project}/runs", id="relative"),
            pytest.param("../runs", "{parent}/runs", id="outside"),
            pytest.param("/data/runs", "/data/runs", id="absolute"),
            pytest.param("~/runs", "{home}/runs", id="home"),
        ],
    )
    def test_runs_dir(self, tmp_path: Path, home: Path, written: str, expected: str) -> None:
        gagefile = load(tmp_path / "p", f'"$runs-dir" = "{written}"\n')

        assert gagefile.runs_dir == expected.format(
            project=tmp_path / "p", parent=tmp_path, home=home
        )

    def test_runs_dir_of_a_file_in_the_dot_directory(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, '"$runs-dir" = "runs"\n', ".gage/gage.toml")

        assert gagefile.runs_dir == str(tmp_path / "runs")

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("gage.toml", '["träin"]\nexec = ["a", "b"]\ndefault = true', id="toml"),
            pytest.param("gage.yaml", "träin:\n  exec: [a, b]\n  default: true", id="yaml"),
            pytest.param("gage.yml", "träin: {exec: [a, b], default: yes}", id="yml"),
            pytest.param(
                "gage.json", '{"träin": {"exec": ["a", "b"], "default": true}}', id="json"
            ),
        ],
    )
    @pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
    def test_formats_say_the_same(
        self, tmp_path: Path, name: str, text: str, line_end: str, mark: str
    ) -> None:
        gagefile = load(tmp_path, mark + text.replace("\n", line_end) + line_end, name)

        assert gagefile.data == {"träin": {"exec": ["a", "b"], "default": True}}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param('{"a": 1} // x', {"a": 1}, id="line"),
            pytest.param('// {\n{"a": 1}\n//', {"a": 1}, id="first and last line"),
            pytest.param('{/* , */"a"/**/:/* " */1}', {"a": 1}, id="inside a line"),
            pytest.param('{"a": /*\n "b": 2, \n*/ 1}', {"a": 1}, id="several lines"),
            pytest.param('{"a": "// /* x */"}', {"a": "// /* x */"}, id="in a string"),
            pytest.param(r'{"a": "\"// x"}', {"a": '"// x'}, id="after an escaped quote"),
            pytest.param(r'{"a": "x\\"/*"*/}', {"a": "x\\"}, id="after an escaped backslash"),
        ],
    )
    def test_comments_in_json(self, text: str, expected: Any) -> None:
        assert read_gagefile("gage.json", text.encode()).data() == expected

    @given(
        st.dictionaries(
            st.text(),
            st.recursive(
                st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
            ),
        )
    )
    def test_json_without_comments_is_read_as_json(self, data: Any) -> None:
        texts = [json.dumps(data), json.dumps(data, ensure_ascii=False, indent="\t")]

        for text in texts:
            raw = text.encode("utf-8", "surrogatepass")
            assert read_gagefile("gage.json", raw).data() == data

    @pytest.mark.parametrize("word", ["yes", "On", "TRUE", "true"])
    def test_words_for_true_in_yaml(self, tmp_path: Path, word: str) -> None:
        assert load(tmp_path, f"a: {{default: {word}}}", "gage.yaml").operations["a"].default

    def test_numbers_of_two_meanings_in_yaml_stay_as_written(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "a: {env: {A: 010, B: 12:30:45}}", "gage.yaml")

        assert gagefile.operations["a"].env == {"A": "010", "B": "12:30:45"}

    def test_anchors_in_yaml(self, tmp_path: Path) -> None:
        text = "a: &a\n  exec: x\n  env: {A: b}\nb:\n  <<: *a\n  exec: y\n"

        gagefile = load(tmp_path, text, "gage.yaml")

        assert gagefile.operations["b"].data == {"exec": "y", "env": {"A": "b"}}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("gage.toml", "# nothing yet\n", id="toml"),
            pytest.param("gage.yaml", "# nothing yet\n", id="yaml"),
            pytest.param("gage.json", "{} // nothing yet\n", id="json"),
        ],
    )
    def test_no_operation(self, tmp_path: Path, name: str, text: str) -> None:
        assert load(tmp_path, text, name).operations == {}


class TestFaultyOperations:
    """A fault concerns the operation that has it."""

    TEXT = "[good]\nexec = 'x'\n[bad]\nexc = 'y'\n[worse]\nexec = 3\n"

    def test_others_can_be_run(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, self.TEXT)

        assert get_operation(gagefile, "good").data == {"exec": "x"}
        assert gagefile.faulty == ("bad", "worse")
        assert gagefile.names == ["good", "bad", "worse"]

    def test_faulty_one_says_its_own_faults(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, self.TEXT)

        with pytest.raises(GagefileError) as caught:
            get_operation(gagefile, "bad")

        assert [(fault.line, fault.key) for fault in caught.value.faults] == [(4, "bad.exc")]

    def test_all_are_checked(self, tmp_path: Path) -> None:
        path = write(tmp_path, "gage.toml", self.TEXT)

        assert [fault.key for fault in check_gagefile(path)] == ["bad.exc", "worse.exec"]

    def test_faulty_default_is_not_passed_over(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\nexec = 'x'\n[b]\ndefault = true\nexec = 3\n")

        with pytest.raises(GagefileError, match=r"b\.exec: expected"):
            default_operation(gagefile)

    def test_faulty_only_operation_is_the_default(self, tmp_path: Path) -> None:
        with pytest.raises(GagefileError, match=r"a\.exec: expected"):
            default_operation(load(tmp_path, "[a]\nexec = 3\n"))

    def test_key_twice_in_yaml(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "a: {exec: x}\nb: {exec: y, exec: z}\n", "gage.yaml")

        assert gagefile.faulty == ("b",)

    def test_runs_dir_with_a_fault_is_not_passed_over(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "'$runs-dir' = 3\n[a]\nexec = 'x'\n")

        assert get_operation(gagefile, "a").data == {"exec": "x"}
        with pytest.raises(GagefileError, match=r"\$runs-dir: expected a string"):
            _ = gagefile.runs_dir


class TestCost:
    """What a start that is to be quick may not import."""

    @staticmethod
    def loaded_by(code: str) -> set[str]:
        code = f"import sys\n{code}\nprint(*sys.modules)"
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return {*result.stdout.split()}

    def test_import(self) -> None:
        loaded = self.loaded_by("import gage._internal.operations.gagefile")

        assert not loaded & {"re", "json", "tomllib", "typing", "difflib", "pathlib"}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("gage.toml", "[a]\nexec = 'x'\nprogress = 'tqdm'\n", id="toml"),
            pytest.param("gage.json", '{"a": {"exec": "x"}} // y', id="json"),
        ],
    )
    def test_right_file_needs_the_standard_library_only(
        self, tmp_path: Path, name: str, text: str
    ) -> None:
        path = write(tmp_path, name, text)

        loaded = self.loaded_by(
            f"from gage._internal.operations.gagefile import load_gagefile\nload_gagefile({path!r})"
        )

        assert not loaded & {"jsonschema", "ruamel", "tomlkit", "difflib"}


class TestOperations:
    def test_default(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\n[b]\ndefault = true\n")

        assert default_operation(gagefile) is gagefile.operations["b"]

    def test_only_operation_is_the_default(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\n")

        assert default_operation(gagefile) is gagefile.operations["a"]

    @pytest.mark.parametrize("text", ["[a]\n[b]\n", "# none\n"], ids=["several", "none"])
    def test_no_default(self, tmp_path: Path, text: str) -> None:
        assert default_operation(load(tmp_path, text)) is None

    def test_two_defaults(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\ndefault = true\n[b]\ndefault = true\n")

        with pytest.raises(TargetError) as caught:
            default_operation(gagefile)

        assert str(caught.value) == (
            f"{gagefile.path}: expected one default operation, found a and b: name the one to run"
        )

    def test_by_name(self, tmp_path: Path) -> None:
        gagefile = load(tmp_path, "[a]\n[b]\n")

        assert get_operation(gagefile, "b") is gagefile.operations["b"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                "[train]\n[prepare]\n",
                "Did you mean 'train'? Its operations are train, prepare",
                id="near",
            ),
            pytest.param("[b]\n", "Its operations are b", id="not near"),
            pytest.param("# none\n", "It defines none", id="none"),
        ],
    )
    def test_unknown_name(self, tmp_path: Path, text: str, expected: str) -> None:
        gagefile = load(tmp_path, text)

        with pytest.raises(TargetError) as caught:
            get_operation(gagefile, "trian")

        assert str(caught.value) == (
            f"expected an operation of {gagefile.path}, found 'trian'. {expected}"
        )

    def test_description(self, tmp_path: Path) -> None:
        text = (
            "[a]\ndescription = 'Train'\nversion = 2\ndefault = true\nsourcecode = '*.py'\n"
            "env = {A = 1}\n"
            "depends = ['x', {run = 'b'}, {run-select = 'c', files = 'y', description = 'z'}]\n"
            "[a.exec]\nfinalize = 'c'\nstage-runtime = 'b'\nrun = ['python', 'a.py']\n"
        )
        gagefile = load(tmp_path, text)

        told = describe_operation(gagefile.operations["a"])

        assert told._asdict() == {
            "name": "a",
            "description": "Train",
            "version": "2",
            "is_default": True,
            "phases": [
                ("init-runtime", "b"),
                ("run", ["python", "a.py"]),
                ("finalize-run", "c"),
            ],
            "sourcecode": ["*.py"],
            "depends": ["x", "all files of run b", "y of run c: z"],
            "env": {"A": "1"},
            "src": gagefile.path,
        }
