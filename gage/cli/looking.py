"""The commands that show something: runs, the content of a run, what can be run here."""

from __future__ import annotations

import os
import sys

import click

from gage._internal.api import runs as requests
from gage._internal.api.place import home_of
from gage._internal.errors import TargetError
from gage._internal.text import printable
from gage.cli.group import (
    app,
    batch_called,
    complete_run,
    json_option,
    print_json,
    print_rows,
    run_argument,
)
from gage.cli.run import follow_run

__all__: list[str] = []


@app.command("runs")
@click.argument("where", nargs=-1, shell_complete=complete_run)
@click.option("--limit", type=int, metavar="N", help="At most N runs, the newest.")
@click.option("-a", "--all", "everything", is_flag=True, help="All runs, all values.")
@click.option("--deleted", is_flag=True, help="The runs in the trash.")
@json_option
def _runs(
    where: tuple[str, ...], limit: int | None, everything: bool, deleted: bool, as_json: bool
) -> None:
    """List the runs, the newest first; the values that differ in columns of their own.

    WHERE is a filter, such as: status=error, 'lr > 0.1 and loss < 0.5', since 2h.
    """
    from gage.cli.listing import FIRST_PAGE, print_listing

    if deleted:
        from gage._internal.api.order import deleted as in_trash
        from gage._internal.store.reports import run_row

        print_rows([run_row(run) for run in in_trash()], as_json)
        return
    page = None if everything or as_json or where else FIRST_PAGE
    rows = requests.run_listing(home_of(), where, limit=limit if limit is not None else page)
    if as_json:
        print_json(rows)
    elif where and not rows:
        print(requests.nothing_found(home_of(), where))
    else:
        print_listing(rows, is_page=limit is None and len(rows) == page)


@app.command("select")
@click.argument("where", nargs=-1, shell_complete=complete_run)
@click.option("--limit", type=int, metavar="N", help="At most N runs, the newest.")
def _select(where: tuple[str, ...], limit: int | None) -> None:
    """Print the names of the runs that match a filter, one a line, the newest first.

    For other programs: gage select status=error | xargs gage delete
    """
    for row in requests.run_listing(home_of(), where, limit=limit):
        click.echo(row["run"])


@app.command("show")
@run_argument
@json_option
def _show(run: str | None, as_json: bool) -> None:
    """Show a run: what it is, what happened to it, its files, its last lines."""
    batch = batch_called(run)
    if batch is not None:
        if sys.stdout.isatty() and not as_json:
            from gage._internal.batch.screen import print_batch

            print_batch(batch, sys.stdout)
        else:
            print_rows(batch.rows(), as_json)
        return
    recorded = requests.find(run)
    if as_json:
        from gage._internal.store.reports import run_row

        print_json([run_row(recorded)])
    else:
        from gage.cli.pictures import print_pictures
        from gage.cli.tables import print_run

        print_run(recorded)
        print_pictures(recorded)


@app.command("meta")
@run_argument
@json_option
def _meta(run: str | None, as_json: bool) -> None:
    """Show everything recorded about a run, one fact in each row."""
    from gage._internal.store.reports import meta_rows

    print_rows(meta_rows(requests.find(run)), as_json)


@app.command("files")
@run_argument
@json_option
def _files(run: str | None, as_json: bool) -> None:
    """Show the log of a run's files: added, modified, deleted."""
    from gage._internal.store.reports import file_rows

    print_rows(file_rows(requests.find(run)), as_json)


@app.command("manifest")
@run_argument
@json_option
def _manifest(run: str | None, as_json: bool) -> None:
    """Show the files of a run with their sha256."""
    from gage._internal.store.reports import manifest_rows

    print_rows(manifest_rows(requests.find(run)), as_json)


@app.command("output")
@run_argument
@click.option("-f", "--follow", is_flag=True, help="Continue until the run has ended.")
@json_option
def _output(run: str | None, follow: bool, as_json: bool) -> None:
    """Write what a run printed: its stdout to stdout, its stderr to stderr."""
    from gage._internal.store.reports import expect_side_car, output_rows

    recorded = requests.find(run)
    expect_side_car(recorded)
    if as_json:
        print_json(output_rows(recorded))
    elif follow:
        follow_run(recorded)
    else:
        from gage.cli.run import write_output

        write_output(recorded)


@app.command("timeline")
@run_argument
@json_option
def _timeline(run: str | None, as_json: bool) -> None:
    """Show what happened in a run in the order of time: output, results, files, metrics."""
    from gage._internal.store.timeline import timeline_rows

    print_rows(timeline_rows(requests.find(run)), as_json)


@app.command("verify")
@run_argument
@json_option
def _verify(run: str | None, as_json: bool) -> int:
    """Hash a run's files again and show what differs from its manifest.

    The exit code is 1 if anything does.
    """
    from gage._internal.store.reports import as_recorded, difference_rows

    recorded = requests.find(run)
    rows = list(difference_rows(recorded))
    if rows or as_json:
        print_rows(rows, as_json)
    else:
        click.echo(as_recorded(recorded))
    return 1 if rows else 0


@app.command("metrics")
@click.argument("runs", nargs=-1, shell_complete=complete_run)
@json_option
def _metrics(runs: tuple[str, ...], as_json: bool) -> None:
    """Show the metrics of runs, one value in each row, in order of time."""
    from gage._internal.metrics.series import metric_rows

    def print_fault(fault: str) -> None:
        click.echo(f"note: {printable(fault)}", err=True)

    chosen = [requests.find(name) for name in runs or (None,)]
    print_rows((row for run in chosen for row in metric_rows(run, print_fault)), as_json)


@app.command("resources")
@run_argument
@json_option
def _resources(run: str | None, as_json: bool) -> None:
    """Show what a run's processes used, one sample in each row, in order of time.

    CPU is in cores since the row before; memory is resident (RSS), and with shared pages divided
    among those that share them (PSS).
    """
    from gage._internal.resources.log import resource_rows

    print_rows(resource_rows(requests.find(run).meta_dir), as_json)


@app.command("batches")
@json_option
def _batches(as_json: bool) -> None:
    """List the batches (runs started by one command), the newest first."""
    from gage._internal.batch.batch import batch_listing
    from gage._internal.store.store import runs_home

    rows = list(batch_listing(runs_home()))
    is_whole = any(row["trials"].startswith("damaged") for row in rows)  # the reason is not cut
    print_rows(rows, as_json, whole=None if is_whole else (0,))


@app.command("ops")
@json_option
def _ops(as_json: bool) -> None:
    """List what can be run here: operations, scripts and notebooks."""
    from gage._internal.store.reports import operation_rows

    print_rows(operation_rows(), as_json)


@app.command("check")
@click.argument("file", required=False)
@click.option("--schema", is_flag=True, help="Print where the JSON Schema for editors is.")
def _check(file: str | None, schema: bool) -> int:
    """Check a Gage file; every fault with its line. Exit code 1 if there are any."""
    from gage._internal.operations.gagefile import check_gagefile, find_gagefile, schema_path

    if schema:
        click.echo(schema_path())
        return 0
    path = file or find_gagefile(os.getcwd())
    if path is None:
        raise TargetError(f"there is no Gage file in {os.getcwd()} or above it: name one")
    faults = check_gagefile(path)
    for fault in faults:
        where = f"{fault.file}:{fault.line}" if fault.line else fault.file
        key = f" {fault.key}:" if fault.key else ""
        click.echo(printable(f"{where}:{key} {fault.message}"))
    if not faults:
        click.echo(printable(f"{path}: no faults"))
    return 1 if faults else 0
