"""The plan of a batch, shown without running anything: `--preview`."""

from __future__ import annotations

from gage._internal.text import on_a_line, shortened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gage._internal.batch.launch import PlannedBatch

__all__ = ["plan_preview", "plan_text"]

_SHOWN_TRIALS = 20
_SHOWN_CHARS = 200


def plan_preview(planned: PlannedBatch) -> dict[str, Any]:
    """Return a plan as data for JSON.

    Keys: `operation`, `plan` (in words), `count`, `seed`, `trials` (for each trial the values that
    vary, by key; empty for a search, which finds its values one after the other) and `notes`.
    """
    plan = planned.plan
    return {
        "operation": planned.operation.opref.full_name,
        "plan": plan.text,
        "count": plan.count,
        "seed": plan.seed,
        "trials": [dict(trial.asked) for trial in plan.trials],
        "notes": [*planned.operation.notes, *planned.config.notes, *plan.notes],
    }


def plan_text(data: dict[str, Any]) -> str:
    """Return the preview of a plan for people."""
    trials = data["trials"]
    lines = [data["plan"]]
    for number, asked in enumerate(trials[:_SHOWN_TRIALS]):
        values = " ".join(f"{key}={value}" for key, value in asked.items())
        lines.append(f"  {number}  {shortened(on_a_line(values), _SHOWN_CHARS)}")
    if len(trials) > _SHOWN_TRIALS:
        lines.append(f"  and {len(trials) - _SHOWN_TRIALS} more")
    lines += [f"note: {on_a_line(note)}" for note in data["notes"]]
    return "\n".join([*lines, "Nothing was staged or run."])
