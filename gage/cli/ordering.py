"""The commands that keep a store in order: labels, tags, comments, trash, differences, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gage._internal.api import runs as requests
from gage._internal.api.order import deleted, doctor, du, find_many, purge, restore
from gage._internal.people import format_count, format_size
from gage._internal.store.trash import delete_run
from gage._internal.text import printable
from gage.cli.group import app, complete_run, confirm, json_option, print_json

if TYPE_CHECKING:
    from gage._internal.store.recorded_run import RecordedRun

__all__: list[str] = []

_SHOWN = 20


@app.command("label")
@click.argument("run", shell_complete=complete_run)
@click.argument("text", required=False)
def _label(run: str, text: str | None) -> None:
    """Give a run a label; without TEXT, take its label away."""
    recorded = requests.find(run)
    recorded.set_label(text)
    _say(recorded, f"labelled {text!r}" if text else "has no label now")


@app.command("tag")
@click.argument("run", shell_complete=complete_run)
@click.argument("tags", nargs=-1, required=True)
@click.option("-d", "--delete", is_flag=True, help="Take the tags away.")
def _tag(run: str, tags: tuple[str, ...], delete: bool) -> None:
    """Add tags to a run, or take them away."""
    recorded = requests.find(run)
    left = recorded.remove_tags(*tags) if delete else recorded.add_tags(*tags)
    _say(recorded, f"has the tags {', '.join(left)}" if left else "has no tags now")


@app.command("comment")
@click.argument("run", shell_complete=complete_run)
@click.argument("text", nargs=-1, required=True)
def _comment(run: str, text: tuple[str, ...]) -> None:
    """Add a comment to a run."""
    recorded = requests.find(run)
    comment = recorded.comment(" ".join(text))
    _say(recorded, f"has a comment by {comment.author}")


@app.command("delete")
@click.argument("runs", nargs=-1, shell_complete=complete_run)
@click.option("--where", metavar="FILTER", help="All runs that match a filter.")
def _delete(runs: tuple[str, ...], where: str | None) -> None:
    """Move runs to the trash; `gage restore` brings them back. A running run is refused."""
    chosen = find_many(runs, where)
    if where:
        confirm(f"Move {format_count(len(chosen), 'run')} to the trash?")
    for recorded in chosen:
        _say(delete_run(recorded), "is in the trash")


@app.command("restore")
@click.argument("runs", nargs=-1)
def _restore(runs: tuple[str, ...]) -> None:
    """Bring runs back from the trash; without a name, the one deleted last."""
    for recorded in restore(*runs):
        _say(recorded, "is back")


@app.command("purge")
@click.argument("runs", nargs=-1)
def _purge(runs: tuple[str, ...]) -> None:
    """Remove deleted runs for good; without a name, all that are in the trash."""
    chosen = deleted(*runs)
    if chosen:
        confirm(f"Remove {format_count(len(chosen), 'run')} for good, with all files?")
    purge(chosen)
    click.echo(f"{format_count(len(chosen), 'run')} removed for good", err=True)


@app.command("doctor")
@click.option("--repair", is_flag=True, help="Repair what can be repaired.")
@json_option
def _doctor(repair: bool, as_json: bool) -> int:
    """Look for damaged and left-over files, and for runs that are lost.

    What cannot be repaired is moved to .damaged in the directory of runs. The exit code is 1 if
    something is left to do.
    """
    found = doctor(repair=repair)
    if as_json:
        print_json(each.row for each in found)
    elif found:
        from gage.cli.tables import print_table

        last = "done" if repair else "can be done"
        rows = [(each.run, each.sentence, each.done or each.remedy) for each in found]
        print_table(["run", "problem", last], rows)
    else:
        click.echo(f"Nothing is wrong with {format_count(len(requests.runs()), 'run')}")
    left = sum(not each.is_mended for each in found)
    if left and not as_json:
        what = "" if repair else ". To repair what can be repaired: gage doctor --repair"
        click.echo(f"{format_count(left, 'problem')} left{what}", err=True)
    return 1 if left else 0


@app.command("du")
@click.option("-a", "--all", "everything", is_flag=True, help="Everything, not only the largest.")
@json_option
def _du(everything: bool, as_json: bool) -> None:
    """Show how much room runs, batches and the trash take on the disk, the largest first."""
    usages = du()
    if as_json:
        print_json(usage.row for usage in usages)
        return
    from gage.cli.tables import print_table

    *found, total = usages
    shown = found if everything else found[:_SHOWN]
    rows = [(*usage[:3], *(format_size(size) for size in usage[3:])) for usage in (*shown, total)]
    columns = ["kind", "name", "operation", "files", "on disk", "frees"]
    print_table(columns, rows, numbers=(3, 4, 5))
    if len(shown) < len(found):
        click.echo(f"The {len(shown)} largest of {len(found):,}; all of them: gage du --all")


@app.command("diff")
@click.argument("a", shell_complete=complete_run)
@click.argument("b", shell_complete=complete_run)
@json_option
def _diff(a: str, b: str, as_json: bool) -> int:
    """Show what differs between two runs, section by section.

    The exit code is 1 if anything does.
    """
    from gage._internal.compare.difference import diff_runs

    first, second = requests.find(a), requests.find(b)
    found = diff_runs(first, second)
    if as_json:
        import json

        click.echo(json.dumps(found, indent=2, default=str))
    else:
        from gage.cli.diff import print_diff

        print_diff(first, second, found)
    return 1 if any(found.values()) else 0


def _say(run: RecordedRun, what: str) -> None:
    click.echo(f"{run.name} {printable(what)}", err=True)
