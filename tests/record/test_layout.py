"""Where things are in a directory of runs."""

from __future__ import annotations

from gage._internal.record.layout import home_of, run_at, run_meta_path

RUN_ID = "60a825b1-7eec-4c0f-9d34-8fc5a9d44ac5"


def test_a_run_is_its_two_directories() -> None:
    run = run_at("/runs", RUN_ID)

    assert (run.id, run.name) == (RUN_ID, "kafom-fikud")
    assert run.run_dir == f"/runs/{RUN_ID}"
    assert run_meta_path(run, "log", "notes") == f"/runs/{RUN_ID}.meta/log/notes"


def test_the_home_of_a_run_and_of_the_template_of_a_batch() -> None:
    template = run_at(f"/runs/.batches/{RUN_ID}", RUN_ID)

    assert home_of(run_at("/runs", RUN_ID).run_dir) == "/runs"
    assert home_of(template.run_dir) == "/runs"
