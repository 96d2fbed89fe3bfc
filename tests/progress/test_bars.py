"""Progress is read from the bars that programs print."""

from __future__ import annotations

import io

import pytest
import rich.console
import rich.progress
import tqdm
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.progress.bars import Progress, check_progress_spec, progress_of, read_progress

BAR = "█████     "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            " 45%|####5     | 45/100 [00:03<00:04, 12.10it/s]",
            Progress(0.45, 45, 100, "", "00:04"),
            id="tqdm",
        ),
        pytest.param(
            "train: epoch 2:  30%|###       | 300k/1.00M [00:00<?, 57.2GB/s]",
            Progress(0.3, 300e3, 1e6, "train: epoch 2", ""),
            id="tqdm-scaled",
        ),
        pytest.param(
            "45/100 ━━━━━━━━━━━━━━━━━━━━ 3s 12ms/step - loss: 0.5",
            Progress(0.45, 45, 100),
            id="keras",
        ),
        pytest.param(
            " 45/100 [===>......] - ETA: 3s - loss: 0.5",
            Progress(0.45, 45, 100, "", "3s"),
            id="keras-2",
        ),
        pytest.param(
            "Working ━━━━━━━━╸━━━━━━━  40% 0:00:12",
            Progress(0.4, None, None, "Working", "0:00:12"),
            id="rich",
        ),
        pytest.param(
            "   ━━━━━━━━━╸━━━━━ 45.5/91.0 MB 5.1 MB/s eta 0:00:02",
            Progress(0.5, 45.5, 91, "", "0:00:02"),
            id="pip",
        ),
        pytest.param(
            "f.zip   45%[====>     ] 123,456  1.2MB/s  eta 3s",
            Progress(0.45, None, None, "f.zip", "3s"),
            id="wget",
        ),
        pytest.param(
            " 45% (45 of 100) |####   | Elapsed Time: 0:00:03 ETA:   0:00:04",
            Progress(0.45, 45, 100, "", "0:00:04"),
            id="progressbar",
        ),
        pytest.param("[cell 3/10]", Progress(0.2, 2, 10, "cell 3 of 10"), id="cell-that-has-begun"),
    ],
)
def test_a_bar_is_read(line: str, expected: Progress) -> None:
    assert read_progress(f"hello\n\r{line}".encode()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "accuracy: 45%",
        "loss 0.3 (45%)",
        "12/100",
        "epoch 3/10 loss=0.2",
        "see page 45% ---------- 50%",
        "coverage ........... 45%",
        "========= 45 passed =========",
        "[cell 11/10]",
        " 450%|####| 45/10 [00:03<00:04, 12.10it/s]",
        "",
    ],
)
def test_what_only_looks_like_progress_is_none(text: str) -> None:
    assert read_progress(text.encode()) is None


def test_of_nested_bars_the_outer_one_counts() -> None:
    out = io.StringIO()
    seen = []
    for _ in tqdm.tqdm(range(4), file=out, desc="epoch", mininterval=0):
        for _ in tqdm.tqdm(range(3), file=out, desc="batch", leave=False, mininterval=0):
            seen += [read_progress(out.getvalue().encode())]
    assert [(one.description, one.completed) for one in seen if one] == [
        ("epoch", epoch) for epoch in range(4) for _ in range(3)
    ]


def test_of_bars_one_after_the_other_the_last_one_counts() -> None:
    out = io.StringIO()
    for _ in tqdm.tqdm(range(3), file=out, desc="first", mininterval=0):
        pass
    bar = tqdm.tqdm(total=4, file=out, desc="second", mininterval=0)
    bar.update(1)
    progress = read_progress(out.getvalue().encode())
    assert progress is not None
    assert (progress.description, progress.fraction) == ("second", 0.25)


def test_a_rich_bar_in_colors_is_read() -> None:
    out = io.StringIO()
    console = rich.console.Console(file=out, force_terminal=True, width=80)
    with rich.progress.Progress(console=console) as bars:
        bars.update(bars.add_task("Working", total=10), advance=4)
    progress = read_progress(out.getvalue().encode())
    assert progress is not None
    assert (progress.description, progress.fraction) == ("Working", 0.4)


def test_a_full_bar_with_text_below_is_over() -> None:
    bar = b"100%|####| 10/10 [00:03<00:00, 12.10it/s]\n"
    assert read_progress(bar) == Progress(1, 10, 10, "", "00:00")
    assert read_progress(bar + b"now training\n") is None


def test_a_bar_far_above_is_stale() -> None:
    bar = b" 40%|##  | 4/10 [00:03<00:04, 12.10it/s]\n"
    assert read_progress(bar + b"note\n" * 3) is not None
    assert read_progress(bar + b"note\n" * 30) is None


def test_a_cell_counts_more_than_a_bar_in_it() -> None:
    progress = read_progress(b"[cell 2/4]\n 40%|##  | 4/10 [00:03<00:04, 12.10it/s]")
    assert progress is not None
    assert progress.description == "cell 2 of 4"


@pytest.mark.parametrize(
    ("spec", "text", "fraction"),
    [
        pytest.param(r"done (\d+)", "done 10\ndone 45 of it", 0.45, id="percentage"),
        pytest.param(r"step (\d+) of (\d+)", "step 1 of 4", 0.25, id="done-and-total"),
        pytest.param(
            r"of (?P<total>\d+): (?P<completed>\d+)", "of 4: 1", 0.25, id="done-and-total-named"
        ),
        pytest.param("tqdm", " 40%|##  | 4/10 [00:03<00:04, 1it/s]", 0.4, id="tqdm"),
        pytest.param("tqdm", "[cell 2/4]", None, id="tqdm-only"),
        pytest.param(r"step (\d+)", " 40%|##  | 4/10 [00:03<00:04, 1it/s]", None, id="spec-only"),
        pytest.param(r"step (\w+)", "step many", None, id="no-number"),
        pytest.param(r"step (\d+) of (\d+)", "step 1 of 0", None, id="of-nothing"),
    ],
)
def test_a_spec_of_the_operation_says_what_is_read(
    spec: str, text: str, fraction: float | None
) -> None:
    progress = read_progress(text.encode(), spec)
    assert (progress.fraction if progress else None) == fraction


@pytest.mark.parametrize("spec", ["(", "(a)(b)(c)"])
def test_a_bad_spec_is_an_error_that_shows_it(spec: str) -> None:
    with pytest.raises(ValueError, match=r"progress: .*regular expression") as caught:
        check_progress_spec(spec)
    assert repr(spec) in str(caught.value)


def test_a_spec_without_a_group_says_what_the_run_does() -> None:
    progress = read_progress(b"start\nepoch 3 begins\n", r"epoch \d+")

    assert progress == Progress(None, description="epoch 3")


def test_counts_are_progress() -> None:
    assert progress_of(1, 4, "x") == Progress(0.25, 1, 4, "x")
    assert progress_of(9, 4).fraction == 1
    assert progress_of(3, None) == Progress(None, 3, None)
    assert progress_of(3, 0).fraction is None


@given(
    st.one_of(
        st.binary(),
        st.lists(
            st.sampled_from(
                [b"\r", b"\n", b"\x1b[A", b"\x1b[9B", b" 45%|## | 1/2", b"\x1b]", b"\xff"]
            )
        ).map(b"".join),
    )
)
def test_any_bytes_give_a_fraction_or_none(data: bytes) -> None:
    progress = read_progress(data)
    assert progress is None or progress.fraction is None or 0 <= progress.fraction <= 1


@pytest.mark.parametrize(
    "piece", [b"1", b" ", b"#", b"[ ", b"1,", b"45% ", "━ ".encode(), b"\x1b["]
)
def test_a_hostile_tail_is_read_in_bounded_steps(piece: bytes) -> None:
    assert read_progress(piece * (1_000_000 // len(piece))) is None


def test_a_bar_that_other_text_has_pushed_up_is_not_the_one_that_moves() -> None:
    # stdout and stderr are two pipes: a line may arrive right behind the next bar's first drawing.
    pushed = b"\repoch 1:   0%|     | 0/24 [00:00<?, ?it/s]epoch 0 loss: 1.0\n"
    now = b"\repoch 1:  50%|##   | 12/24 [00:00<00:00, 19.88it/s]"

    at_first, later = read_progress(pushed), read_progress(pushed + now)

    assert (at_first.completed if at_first else None) == 0
    assert (later.completed if later else None) == 12
