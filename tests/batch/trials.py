"""Batches that a test starts, and what is known of their trials."""

from __future__ import annotations

from pathlib import Path

from gage._internal.api.batches import run_batch
from gage._internal.batch.batch import Batch
from gage._internal.process.identity import Identity, decode_identity
from tests.making import wait_until


def supervisors(batch: Batch) -> list[Identity]:
    """Return the supervisor and its keeper."""
    text = Path(batch.directory, "supervisor").read_text()
    return [decode_identity(line) for line in text.splitlines()]


def statuses(batch: Batch) -> list[str | None]:
    return [row["status"] for row in batch.rows()]


def waits_for(file: Path) -> str:
    """Return code that waits until a file is there."""
    return f"while not os.path.exists({str(file)!r}): time.sleep(0.005)"


def start(tmp_path: Path, jobs: int = 2, **options: object) -> tuple[Batch, Path]:
    """Start four trials that wait for a file; return when `jobs` of them run."""
    batch = run_batch(
        "train.py",
        {"epochs": [1, 2, 3, 4]},
        jobs=jobs,
        background=True,
        **options,  # type: ignore[arg-type]
    )
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == jobs)
    return batch, tmp_path / "go"
