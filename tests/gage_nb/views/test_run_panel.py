"""The panel of a run in HTML and in plain text."""

from __future__ import annotations

import dataclasses
import html.parser
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gage._internal.metrics.series import MetricSeries, summarize
from gage._internal.progress.bars import Progress
from gage.inside.metric_log import Metric
from gage_nb.views.panel_state import PanelState
from gage_nb.views.run_panel import (
    MAX_HTML_BYTES,
    bar_html,
    foot_html,
    head_html,
    static_bundle,
    static_html,
    tail_html,
    time_html,
)
from gage_nb.views.run_text import static_text
from gage_nb.views.terminal import render

STATE = PanelState(
    operation="train.py",
    name="kafom-fikud",
    id="60a825b1-0000-4000-8000-000000000000",
    status="completed",
    as_of_us=1_763_853_010_000_000,
    exit_code=0,
    phase="run",
    config="lr=0.1 epochs=5",
    started_us=1_763_853_000_000_000,
    stopped_us=1_763_853_003_200_000,
    tail=tuple(render([(0, b"loading\n"), (1, b"a warning\n")])),
    earlier_lines=12_343,
    line_count=12_345,
    size_bytes=1_234_567,
    files=(("model.pt", 1_200_000), ("odd\nname", 3)),
    file_count=2,
    notes=("Pattern 'x.py' matches no file",),
)
RUNNING = dataclasses.replace(
    STATE,
    status="running",
    exit_code=None,
    stopped_us=None,
    as_of_us=1_763_853_065_000_000,
    progress=Progress(0.45, 45, 100, "epoch 2", "0:04"),
    files=(),
    file_count=0,
)
FAILED = dataclasses.replace(STATE, status="error", exit_code=3, reason="exit code 3")


ATTRIBUTES = {
    *("class", "style", "open", "role"),
    *("aria-label", "aria-valuemin", "aria-valuemax", "aria-valuenow"),
}


class _Reader(html.parser.HTMLParser):
    """The tags, attributes and text of a document, and whether its elements are nested well."""

    VOID = frozenset(["br", "img", "polyline", "path"])

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


def test_the_text_says_what_happened() -> None:
    assert static_text(STATE) == (
        "✔ train.py kafom-fikud · completed · 3.20 s\n"
        "  lr=0.1 epochs=5\n"
        "  … 12,343 lines above: gage output kafom-fikud\n"
        "  loading\n"
        "! a warning\n"
        '2 files made: model.pt (1.2 MB), "odd\\nname" (3 B)\n'
        "note: Pattern 'x.py' matches no file\n"
        "exit code 0 · 12,345 lines · 1.2 MB · 3.20 s · ! is stderr"
        " · full output: gage output kafom-fikud"
    )


def test_html_and_text_say_the_same() -> None:
    for state in (STATE, RUNNING, FAILED):
        seen = _Reader(static_html(state)).text
        for word in re.findall(r"[\w.,%]+", static_text(state)):
            assert word in seen or word in {"note", "is"}


def test_a_failure_says_exit_code_and_reason_once() -> None:
    assert static_text(FAILED).startswith("✖ train.py kafom-fikud · error (exit code 3) · 3.20 s\n")
    assert static_html(FAILED).count("exit code 3") == 1


def test_a_reason_that_names_the_phase_is_not_told_it_again() -> None:
    reason = "init-runtime failed with exit code 7"
    state = dataclasses.replace(FAILED, phase="init-runtime", reason=reason)

    assert static_text(state).count("init-runtime") == 1


def test_a_failure_of_staging_names_the_phase() -> None:
    state = dataclasses.replace(FAILED, phase="init-runtime", reason="no such program")
    assert "init-runtime: no such program" in static_text(state)
    assert "init-runtime: no such program" in static_html(state)


def test_what_is_saved_of_a_running_run_says_when_and_does_not_move() -> None:
    for text in (static_html(RUNNING), static_text(RUNNING)):
        assert "as it was at 2025-1" in text
        assert "look again with %gage attach kafom-fikud" in text
        assert "epoch 2 · 45% · 45/100 · 0:04 left" in text
    assert "class='fill wait'" not in static_html(dataclasses.replace(RUNNING, progress=None))


def test_a_staged_run_says_how_to_start_it() -> None:
    state = dataclasses.replace(
        RUNNING, status="staged", started_us=None, progress=None, phase="resolve-deps"
    )
    assert "start it with %gage start kafom-fikud" in static_text(state)


def test_the_bar_is_one_for_screen_readers_too() -> None:
    assert "role=progressbar" in bar_html(RUNNING)
    assert "aria-valuenow=45" in bar_html(RUNNING)
    assert "aria-valuenow" not in bar_html(dataclasses.replace(RUNNING, progress=None))
    assert "role=status" in head_html(RUNNING)


def test_who_stopped_a_run_is_said_in_words() -> None:
    reason = "stopped by notebook, ended by signal SIGINT"
    state = dataclasses.replace(STATE, status="terminated", exit_code=-2, reason=reason)
    for text in (static_html(state), static_text(state)):
        assert "■ stopped by you" in text or "· stopped by you" in text
        assert "SIGINT" not in text


def test_label_and_tags_are_shown() -> None:
    state = dataclasses.replace(STATE, label="<base>", tags=tuple("abcdefghij"))
    assert "<base> #a #b" in static_text(state)
    assert "#h +2" in static_text(state)
    assert "&lt;base&gt; #a #b" in static_html(state)


LEFT_OUT = "Not copied: 1 file not text (data.bin)"


def test_what_was_left_out_is_folded() -> None:
    state = dataclasses.replace(STATE, left_out=LEFT_OUT)
    assert "<details class=quiet><summary>Not copied</summary>1 file not text" in static_html(state)
    assert "data.bin" not in static_text(state)


def test_what_was_left_out_is_seen_where_it_was_missed() -> None:
    tail = tuple(render([(1, b"FileNotFoundError: [Errno 2] No such file: 'data.bin'\n")]))
    state = dataclasses.replace(FAILED, left_out=LEFT_OUT, tail=tail)
    assert "<details class=quiet open>" in static_html(state)
    assert f"note: {LEFT_OUT}" in static_text(state)


def test_terminal_sequences_in_names_are_inert() -> None:
    evil = "\x1b]0;owned\x07\x9b31m\x1b[2J"
    state = dataclasses.replace(STATE, operation=evil, label=evil, tags=(evil,), notes=(evil,))
    for text in static_bundle(state).values():
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert r"\x1b]0;owned" in static_text(state)


def test_without_known_progress_a_bar_only_moves() -> None:
    state = dataclasses.replace(RUNNING, progress=None)
    assert "wait" in bar_html(state)
    assert "%" not in bar_html(state) + time_html(state)
    assert "1:05" in time_html(state)


def test_progress_is_a_bar_and_a_text() -> None:
    assert "width:45.0%" in bar_html(RUNNING)
    assert "45%" in time_html(RUNNING)
    assert not bar_html(STATE)


def test_no_output_is_said() -> None:
    empty = dataclasses.replace(STATE, tail=(), earlier_lines=0)
    assert "no output" in _Reader(static_html(empty)).text
    assert "no output\n" in static_text(empty)
    assert "no output yet" in tail_html(dataclasses.replace(RUNNING, tail=(), earlier_lines=0))


def test_files_beyond_the_first_are_counted() -> None:
    state = dataclasses.replace(STATE, files=tuple((f"f{i}", i) for i in range(30)), file_count=500)
    assert "and 480 more" in static_text(state)
    assert "and 480 more" in static_html(state)
    assert "f20" not in static_html(state)


def test_attributes_are_in_the_panel() -> None:
    state = dataclasses.replace(STATE, attributes=("a 1.1 (color=<b>)", "data v2"))

    assert "attributes: a 1.1 (color=&lt;b&gt;) · data v2" in static_html(state)
    assert "attributes: a 1.1 (color=<b>) · data v2" in static_text(state)


def test_notes_beyond_the_first_are_counted() -> None:
    state = dataclasses.replace(STATE, notes=tuple(f"note {i}" for i in range(9)))
    assert "4 more notes" in static_html(state)
    assert "4 more notes" in static_text(state)


def _metrics(count: int) -> dict[str, MetricSeries]:
    return summarize(
        Metric(f"<loss {number}>", step, step, (step * 7919 % 101) / 3, "logged")
        for number in range(count)
        for step in range(3000)
    )


def test_the_static_view_keeps_the_charts() -> None:
    state = dataclasses.replace(STATE, metrics=_metrics(2))
    for text in (static_text(state), _Reader(static_html(state)).text):
        assert "<loss 0>" in text
        assert "<loss 1>" in text
        assert "33.3" in text
    assert "<svg" not in static_html(state)


def test_charts_that_are_too_many_for_a_saved_notebook_are_named() -> None:
    text = static_html(dataclasses.replace(STATE, metrics=_metrics(30)))
    assert len(text.encode()) <= MAX_HTML_BYTES
    assert text.count("<img") == 6
    assert "<loss 6> 14 · <loss 7> 14" in _Reader(text).text
    assert "and 4 more metrics" in text


def test_the_static_view_needs_no_script_no_frame_and_no_network() -> None:
    for state in (STATE, RUNNING, FAILED):
        found = _Reader(static_html(state))
        assert not found.tags & {"script", "iframe", "img", "link", "object", "form", "button"}
        assert found.attributes <= ATTRIBUTES
        assert "url(" not in static_html(state)


def test_without_style_the_status_is_a_word_and_a_sign() -> None:
    assert _Reader(head_html(STATE)).text.startswith("✔ completed train.py kafom-fikud")
    assert "12,345 lines · 1.2 MB" in _Reader(foot_html(STATE)).text


# Surrogates stand for bytes of file names that are not UTF-8.
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["<script>alert(1)</script>", "</pre></div></style>", "' onmouseover='x", "\udcff", "\u202e"]
)
STATES = st.builds(
    PanelState,
    operation=ANY,
    name=ANY,
    id=ANY,
    status=ANY | st.sampled_from(["running", "error", "completed", "damaged"]),
    as_of_us=st.integers(0, 10**16),
    reason=ANY,
    exit_code=st.none() | st.integers(-64, 255),
    phase=ANY,
    config=ANY,
    started_us=st.none() | st.integers(0, 10**16),
    stopped_us=st.none() | st.integers(0, 10**16),
    progress=st.none()
    | st.builds(
        Progress,
        st.none() | st.floats(0, 1),
        st.none() | st.floats(0, 1e18),
        st.none() | st.floats(0, 1e18),
        ANY,
        ANY,
    ),
    tail=st.binary(max_size=500).map(lambda data: tuple(render([(1, data)]))),
    earlier_lines=st.integers(0, 10**12),
    line_count=st.integers(0, 10**12),
    size_bytes=st.integers(0, 10**18),
    files=st.lists(st.tuples(ANY, st.none() | st.integers(0, 10**15)), max_size=5).map(tuple),
    file_count=st.integers(0, 10**6),
    notes=st.lists(ANY, max_size=7).map(tuple),
)


@given(STATES)
def test_any_state_is_escaped_and_can_be_sent(state: PanelState) -> None:
    bundle = static_bundle(state)
    json.dumps(bundle, ensure_ascii=False).encode()
    found = _Reader(bundle["text/html"])
    assert found.tags <= {
        *("div", "style", "b", "code", "span", "pre", "i", "em", "u", "s"),
        *("ul", "li", "details", "summary"),
    }
    assert found.attributes <= ATTRIBUTES
    pieces = (head_html, bar_html, time_html, tail_html, foot_html)
    for piece in pieces:
        _Reader(piece(state))


def _flood() -> dict[str, Any]:
    colored = b"".join(b"\x1b[38;2;%d;2;3;48;2;4;5;6;1;3;4m&" % (i % 256) for i in range(900))
    long = "<&>" * 10_000
    return {
        "operation": long,
        "name": long,
        "reason": long,
        "phase": long,
        "config": long,
        "progress": Progress(0.5, 1, 2, long, long),
        "tail": tuple(render([(1, (colored + b"\n") * 50)])),
        "files": tuple((long + str(i), 10**15) for i in range(300)),
        "file_count": 300,
        "notes": (long,) * 300,
        "metrics": _metrics(9),
        "attributes": (long,) * 300,
    }


@pytest.mark.parametrize("status", ["running", "error"])
def test_a_panel_is_bounded_whatever_a_run_prints_or_is_called(status: str) -> None:
    state = dataclasses.replace(STATE, status=status, **_flood())
    assert len(static_html(state).encode()) <= MAX_HTML_BYTES
    assert len(static_text(state).encode()) <= MAX_HTML_BYTES / 2


def test_a_usual_panel_is_small() -> None:
    lines = b"".join(b"epoch %d loss=0.%04d acc=0.91 and so on\n" % (i, i) for i in range(300))
    state = dataclasses.replace(STATE, tail=tuple(render([(0, lines)])))
    assert len(static_html(state).encode()) < 12_000


def test_files_are_links_and_what_was_read_elsewhere_is_listed() -> None:
    state = dataclasses.replace(
        STATE,
        directory="../runs/1",
        files=(("a b'.png", 3), ("\udcff", None), ("x" * 400, 1)),
        file_count=3,
        outside=(("/data/<a>.csv", 2048),),
        outside_count=1,
    )

    html = static_html(state)

    assert "<a href='../runs/1/a%20b%27.png' target=_blank>" in html
    assert "<a href='../runs/1/%FF' target=_blank>" in html
    assert html.count("target=_blank") == 2
    assert "1 file read outside of the run" in html
    assert "/data/&lt;a&gt;.csv (2.0 kB)" in html
    assert "1 file read outside of the run: /data/<a>.csv (2.0 kB)" in static_text(state)


def test_files_that_no_server_serves_are_no_links() -> None:
    state = dataclasses.replace(
        STATE, directory="../.gage/runs/1", files=(("a.png", 3),), file_count=1
    )

    html = static_html(state)

    assert "target=_blank" not in html
    assert "<li class=mono>in <code>../.gage/runs/1</code></li>" in html
