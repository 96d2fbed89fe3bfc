"""The forms in which a Gage file may say the same."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from gage._internal.types import PHASES, OpDef
from tests.operations.gagefiles import (
    SCHEMA,
)

# Each pair of forms means the same.
FORMS = [
    pytest.param({"exec": "x"}, {"exec": {"run": "x"}}, id="exec"),
    pytest.param({"exec": ["x"]}, {"exec": {"run": ["x"]}}, id="exec list"),
    *(
        pytest.param({"exec": {alias: "x"}}, {"exec": {phase.name: "x"}}, id=alias)
        for phase in PHASES
        for alias in phase.aliases
    ),
    pytest.param({"exec": ""}, {}, id="empty command"),
    pytest.param({"progress": "tqdm"}, {"progress": {"run": "tqdm"}}, id="progress"),
    pytest.param({"sourcecode": "x"}, {"sourcecode": ["x"]}, id="sourcecode"),
    pytest.param({"sourcecode": {"patterns": "x"}}, {"sourcecode": ["x"]}, id="sourcecode table"),
    pytest.param({"config": "x"}, {"config": {"keys": ["x"]}}, id="config"),
    pytest.param({"config": ["x", "y"]}, {"config": [{"keys": ["x", "y"]}]}, id="config list"),
    pytest.param(
        {"config": ["x", {"keys": "y", "rename": "z"}]},
        {"config": [{"keys": ["x"]}, {"keys": ["y"], "rename": "z"}]},
        id="config mixed",
    ),
    pytest.param({"config": []}, {}, id="empty config"),
    pytest.param({"depends": "x"}, {"depends": {"files": ["x"]}}, id="depends"),
    pytest.param({"depends": ["x", "y"]}, {"depends": {"files": ["x", "y"]}}, id="depends list"),
    pytest.param(
        {"depends": ["x", {"run": "a", "files": "y"}]},
        {"depends": [{"files": ["x"]}, {"run": "a", "files": ["y"]}]},
        id="depends mixed",
    ),
    pytest.param({"depends": []}, {}, id="no depends"),
    pytest.param({"summary": "x"}, {"summary": {"filename": "x"}}, id="summary"),
    pytest.param({"summary": {}}, {"summary": "summary.json"}, id="summary default"),
    pytest.param({"output-summary": "(x)(y)"}, {"output-summary": ["(x)(y)"]}, id="output-summary"),
    pytest.param({"output-summary": True}, {}, id="output-summary default"),
    pytest.param({"env": {"A": 1}}, {"env": {"A": "1"}}, id="env"),
    pytest.param({"version": 1}, {"version": "1"}, id="version"),
]


def meaning(opdef: OpDef) -> dict[str, Any]:
    views = (
        "description",
        "default",
        "version",
        "env",
        "sourcecode",
        "config",
        "depends",
        "summary_filename",
        "output_summary",
    )
    told = {name: getattr(opdef, name) for name in views}
    for phase in PHASES:
        told[phase.name] = opdef.command(phase.name), opdef.progress(phase.name)
    return told


class TestForms:
    @pytest.mark.parametrize(("form", "same"), FORMS)
    def test_means_the_same(self, form: dict[str, Any], same: dict[str, Any]) -> None:
        assert meaning(OpDef("a", form)) == meaning(OpDef("a", same))

    @pytest.mark.parametrize(("form", "same"), FORMS)
    def test_is_allowed(self, form: dict[str, Any], same: dict[str, Any]) -> None:
        jsonschema.Draft202012Validator(SCHEMA).validate({"a": form, "b": same})

    def test_metrics_by_name(self) -> None:
        table = {"loss": "loss (.+)", "step": "epoch (.+)"}

        assert OpDef("a", {"output-summary": table}).output_summary == [
            ("loss", "loss (.+)"),
            ("step", "epoch (.+)"),
        ]
        assert OpDef("a", {"output-summary": ["(.+)=(.+)"]}).output_summary == [(None, "(.+)=(.+)")]
        assert OpDef("a", {"output-summary": False}).output_summary is False
