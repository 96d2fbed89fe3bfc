"""Which values patterns and tables select, what they are called, and which files are looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gage._internal.config import Config, join_key, read_config, resolve_values, rewrite, split_key
from gage._internal.config.keys import key_matcher
from gage._internal.errors import ConfigError, PatternError

FILES = {
    "train.py": "lr = 0.1\nepochs = 5\ndebug = False\nopts = {'a': 1, 'b': [1, 2]}\n",
    "eval.py": "lr = 0.2\nepochs = 5\n",
    "conf/a.yaml": "model:\n  lr: 1\n  layers: [1, 2]\nstages:\n- n: 1\n",
    "conf/deep/b.yaml": "x: 1\n",
    "conf/c.json": '{"y": {"z": 1}}',
    "conf/notes.txt": "x = 1",
    ".hidden/h.yaml": "h: 1\n",
    "my file.py": "m = 1\n",
    "a#b.py": "n = 1\n",
    "-x.py": "d = 1\n",
    "venv/pyvenv.cfg": "",
    "venv/v.yaml": "v: 1\n",
}


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return tmp_path


def read(files: Path, *patterns: str, **table: Any) -> Config:
    return read_config(str(files), [{"keys": list(patterns), **table}])


@pytest.mark.parametrize(
    ("patterns", "keys"),
    [
        (["train.py"], "lr epochs debug opts"),
        (["train.py#lr"], "lr"),
        (["train.py#*"], "lr epochs debug opts"),
        (["train.py#**.*"], "lr epochs debug opts.a opts.b"),
        (["train.py#opts.*"], "opts.a opts.b"),
        (["train.py#opts.b.*"], "opts.b.0 opts.b.1"),
        (["train.py#opts.b.0"], "opts.b.0"),
        (["train.py#opts", "#opts.a"], "opts"),
        (["train.py#?r"], "lr"),
        (["train.py", "-train.py#debug"], "lr epochs opts"),
        (["train.py", "-#debug", "-#opts"], "lr epochs"),
        (["-#debug", "train.py"], "lr epochs opts"),
        (["train.py", "-#e*", "#epochs"], "lr epochs debug opts"),
        (["train.py", "-#opts.a"], "lr epochs debug opts.b"),
        (["train.py#epochs", "#lr"], "lr epochs"),
        (["train.py#lr", "eval.py#epochs"], "lr epochs"),
        (["train.py#epochs", "eval.py#epochs"], "epochs"),
        (["train.py#lr", "eval.py#lr"], "train.py#lr eval.py#lr"),
        (["*.py#lr", "-eval.py"], "lr"),
        (["conf/a.yaml"], "model.lr model.layers stages.0.n"),
        (["conf/a.yaml#*"], "model stages"),
        (["conf/**/*.yaml#**.*"], "model.lr model.layers stages.0.n x"),
        (["conf/*.yaml#model.**"], "model.lr model.layers"),
        (["conf/a.yaml#**.lr"], "model.lr"),
        (["conf/a.yaml#stages"], "stages"),
        (["conf"], "model.lr model.layers stages.0.n y.z x"),
        (["conf/**"], "model.lr model.layers stages.0.n y.z x"),
        (["**/*.yaml"], "model.lr model.layers stages.0.n x"),
        ([".hidden/*.yaml"], "h"),
        (['"my file.py"#m'], "m"),
        (["my\\ file.py"], "m"),
        (["a\\#b.py#n"], "n"),
        (["\\-x.py#d"], "d"),
        (["- train.py#debug", "train.py"], "lr epochs opts"),
    ],
    ids=" ".join,
)
def test_patterns_select(files: Path, patterns: list[str], keys: str) -> None:
    assert list(read(files, *patterns)) == keys.split()


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ({"prefix": "train"}, "train.lr train.epochs"),
        ({"prefix": "t_"}, "t_lr t_epochs"),
        ({"strip-prefix": "ep"}, "lr ochs"),
        ({"rename": "new_*"}, "new_lr new_epochs"),
        ({"strip-prefix": "l", "prefix": "x."}, "x.r x.epochs"),
    ],
    ids=str,
)
def test_tables_name_their_keys(files: Path, table: dict[str, str], keys: str) -> None:
    config = read(files, "train.py#lr", "#epochs", **table)

    assert list(config) == keys.split()
    assert [entry.source_key for entry in config.values()] == ["lr", "epochs"]


def test_renamed_value_is_written_where_it_was(files: Path) -> None:
    config = read(files, "train.py#lr", rename="rate", description="How fast")

    diff = rewrite(str(files), config, {"rate": 0.5})

    assert config["rate"].description == "How fast"
    assert diff.splitlines()[3:5] == ["-lr = 0.1", "+lr = 0.5"]


def test_one_name_for_several_keys_is_an_error(files: Path) -> None:
    with pytest.raises(ConfigError, match="expected one key to be renamed to 'x', found lr, epoch"):
        read(files, "train.py#lr", "#epochs", rename="x")


def test_key_of_several_files_is_set_in_all_of_them(files: Path) -> None:
    config = read(files, "train.py#epochs", "eval.py#epochs")

    diff = rewrite(str(files), config, {"epochs": 7})

    assert diff.count("+epochs = 7") == 2


def test_key_with_several_defaults_is_set_by_its_short_name(files: Path) -> None:
    config = read(files, "train.py#lr", "eval.py#lr")

    values, _ = resolve_values(config, {"lr": 0.5})
    one, _ = resolve_values(config, {"eval.py#lr": 0.5})

    assert values == {"train.py#lr": 0.5, "eval.py#lr": 0.5}
    assert one == {"train.py#lr": 0.1, "eval.py#lr": 0.5}


def test_shared_key_is_written_where_copies_have_come_to_differ(files: Path) -> None:
    before = read(files, "train.py#epochs", "eval.py#epochs")
    (files / "eval.py").write_text("epochs = 6\n")
    after = read(files, "train.py#epochs", "eval.py#epochs")

    diff = rewrite(str(files), after, before.defaults())

    assert list(after) == ["train.py#epochs", "eval.py#epochs"]
    assert diff.splitlines()[0] == "--- eval.py"


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("trian.py", r"pattern 'trian.py': expected the file trian.py in .* mean 'train.py'\?"),
        ("conf/notes.txt", r"expected a file of configuration \(.*\), found conf/notes.txt"),
        ("train.py#epoch", r"train.py: expected the key epoch of .* mean 'epochs'\?.*Keys: lr, ep"),
        ("train.py#", "expected a key after #"),
        ("#lr", "expected a file before the keys"),
        ("-", "expected a file or #KEY"),
        ("train.py#a..b", "nothing at offset 2"),
        ("[x.py#a", "no closing ]"),
    ],
)
def test_wrong_patterns_are_errors(files: Path, pattern: str, message: str) -> None:
    with pytest.raises((ConfigError, PatternError), match=message):
        read(files, pattern)


def test_broken_file_that_is_spelled_out_is_an_error(files: Path) -> None:
    (files / "train.py").write_text("x = = 1\n")

    with pytest.raises(ConfigError, match=r"train\.py:1: expected Python source"):
        read(files, "train.py")


def test_what_wildcards_pass_over_is_noted(files: Path) -> None:
    (files / "train.py").write_text("x = = 1\n")

    config = read(files, "*.py#epochs", "nothing/*.py", "conf/*.yaml#none*")

    assert list(config) == ["epochs"]
    assert config.notes == [
        "configuration pattern 'nothing/*.py' matches no file",
        (
            "not read for configuration: train.py:1: expected Python source, found a fault: "
            "invalid syntax"
        ),
        "configuration pattern 'conf/*.yaml#none*' matches no value",
    ]


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (["a", "b"], "a.b"),
        (["a.b", "c"], '"a.b".c'),
        (["", "é", "0"], '"".é.0'),
        (['q"', "a b", "x#y", "k=v"], '"q\\""."a b"."x#y"."k=v"'),
    ],
)
def test_keys_round_trip(parts: list[str], key: str) -> None:
    assert join_key(parts) == key
    assert list(split_key(key)) == parts


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", "a ab", "a.b"),
        ("**", "a a.b a.b.c", ""),
        ("**.*", "a a.b a.b.c", ""),
        ("a.**", "a.b a.b.c", "a b.a"),
        ("**.c", "c a.c a.b.c", "c.a"),
        ("a.*.c", "a.b.c", "a.c a.b.b.c"),
        ("a?", "ab", "a abc"),
        ("l*r", "lr layer", "l.r"),
    ],
)
def test_key_patterns(pattern: str, matching: str, others: str) -> None:
    matches = key_matcher(pattern)

    assert all(matches(split_key(key)) for key in matching.split())
    assert not any(matches(split_key(key)) for key in others.split())
