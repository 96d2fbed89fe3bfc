r"""Numbers in the lines that common programs print, found without any configuration.

A line counts if it names a measure: a word such as `loss`, `acc`, `rmse`, `auc` (`MEASURES`). Then
every pair of name and number in it is a value, in these forms:

    loss=0.87 acc=0.56, loss = 0.87             name, equals sign, number
    loss: 0.5 - val_loss: 0.4                   Keras; a name of up to four words, colon, number
    [10]\ttrain-rmse:0.3\teval-rmse:0.4         xgboost, LightGBM; the first number is the step
    {'loss': 0.4, 'epoch': 1.0}                 Hugging Face; also a number in quotes
    Epoch 1 | train loss 0.5 | val acc 0.8      parts of a line that are a measure and a number
    100%|███| 9/9 [00:01<00:00, 5.2it/s, loss=0.3]      the text that tqdm appends to its bar

The step of a line's values is the whole number after `step`, `iter(ation)`, `round`, `epoch` or
`batch`, whichever of these the line has first in this order. A line with only a step, such as
`Epoch 3/10`, gives the step of the following lines.

Without a sign between name and number, only the most common words are measures (`STEMS`).

No value is: a number with a unit (`5ms`, `12MB`) but for `%`; what is counted (`3 lines`); parts of
dates, times, versions and fractions (`3/10`); what a bar says of its own progress; a whole number
for a word that means other things too (`error: 404`, `precision: 16`); a name with a word of
`NO_MEASURES` in it; an option of a command (`--loss=0.1`) or a URL; a line of code.
"""

from __future__ import annotations

from gage._internal.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
__all__ = [
    "MEASURES",
    "NO_MEASURES",
    "STEMS",
    "STEMS_WITH_SIGN",
    "STEP_WORDS",
    "LineValues",
    "names_no_measure",
    "values_of_line",
]


class LineValues(NamedTuple):
    """The values of a line: a step, if it has one, and names with numbers."""

    step: int | None
    values: list[tuple[str, float]]


class _Patterns(NamedTuple):
    pair: re.Pattern[str]
    counted: re.Pattern[str]
    part: re.Pattern[str]
    item: re.Pattern[str]
    step: re.Pattern[str]
    lone_step: re.Pattern[str]
    leading_step: re.Pattern[str]
    word: re.Pattern[str]
    bar: re.Pattern[str]
    code: re.Pattern[str]


_MEASURES = (
    "acc accuracy auc auroc auprc bleu cer dice elbo f1 fid gini gnorm iou kl l1 l2 logloss loss "
    "losses mae map50 mape mcc merror mlogloss mse msle ndcg nll perplexity ppl psnr r2 rmse rmsle "
    "rouge rougel ssim wer"
)
MEASURES = frozenset(_MEASURES.split())
# Words that are measures if a number with a decimal point follows.
_AMBIGUOUS = frozenset(
    ("entropy", "err", "error", "map", "precision", "recall", "return", "reward", "score")
)
_NO_MEASURES = (
    "address attempt attempts bogomips build bytes char code column core cores count cpu cpus csv "
    "date device devices exit function gpu gpus hugepages id java job js json length line mhz "
    "node nodes num number packet packets parameters params pid port pt py python rank "
    "ratelimit retries retry rows seed size socket sockets status thread threads total ts txt "
    "uid version weight worker workers year"
)
NO_MEASURES = frozenset(_NO_MEASURES.split())
# A line that counts has one of these, in lower case, so that other lines are skipped quickly: words
# and numbers alone, or with a sign between name and number.
_STEMS = (
    b"aup bleu cer dice elbo entro fid gini gnorm iou kl l1 l2 mae map mcc msle ndcg nll perp ppl "
    b"prec psnr r2 recall retu rewa rouge round ssim wer batch"
)
STEMS = (b"loss", b"acc", b"epoch", b"step", b"iter", b"mse", b"err", b"auc", b"score", b"f1")
STEMS_WITH_SIGN = (*STEMS, *_STEMS.split())

STEP_WORDS = ("step", "iter", "round", "epoch", "batch")
_compiled: list[_Patterns] = []


def values_of_line(text: str) -> LineValues:
    """Return the values of a line without colours; of a rewritten line, only the last version."""
    patterns = _patterns()
    lone = patterns.lone_step.fullmatch(text)
    if lone:
        return LineValues(int(lone[2]), [])
    text = patterns.bar.sub(" ", text.strip())
    if patterns.code.search(text):
        return LineValues(None, [])
    leading = patterns.leading_step.match(text)
    rest = text[leading.end() :] if leading else text
    step = int(leading[1]) if leading else None
    if rest[:1] == "{" and rest[-1:] == "}":
        found = [(match[1], match[2]) for match in patterns.item.finditer(rest)]
    else:
        found = [
            (match[1], match[2])
            for match in patterns.pair.finditer(rest)
            if not match[2].isdigit() or not patterns.counted.match(rest, match.end())
        ]
        for part in patterns.part.split(rest):
            if ":" not in part and "=" not in part:
                found += _spoken(part)
    values = []
    counts = False
    for name, number in found:
        value = _number(number)
        words = _words(name)
        if value is None or not words or not NO_MEASURES.isdisjoint(words):
            continue
        if _step_word(words[-1]) is not None:
            continue
        counts = counts or _is_measure(name, number)
        values.append((name, value))
    if not counts:
        return LineValues(None, [])
    return LineValues(_step_of(rest) if step is None else step, values)


def _spoken(part: str) -> list[tuple[str, str]]:
    """Return the measures in words and numbers without signs: `train loss 0.5 acc 0.8`."""
    found = []
    name: list[str] = []
    for word in part.split():
        if _number(word) is None:
            name.append(word)
            continue
        if len(name) <= 4 and _is_measure(" ".join(name), word):
            found.append((" ".join(name), word))
        name = []
    # In a sentence, a number is followed by the thing that it counts.
    return found if not name else []


def names_no_measure(name: str) -> bool:
    """Return whether a name says that its number is a version, a size, a seed ….

    So is the name of an exception, whose message may be a number.
    """
    if name.endswith(("Error", "Exception")) and name.isidentifier() and name[0].isupper():
        return True
    return not NO_MEASURES.isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    return _patterns().word.findall(name.lower())


def _is_measure(name: str, number: str) -> bool:
    """Return whether a name has the word of a measure, for this number."""
    if _number(number) is None:
        return False
    words = {word for each in _words(name) for word in (each, each.rstrip("0123456789"))}
    if words & NO_MEASURES:
        return False
    return bool(words & MEASURES or ("." in number and words & _AMBIGUOUS))


def _number(text: str) -> float | None:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return None


def _step_word(word: str) -> str | None:
    return next((kind for kind in STEP_WORDS if word in {kind, f"{kind}s", f"{kind}ation"}), None)


def _step_of(text: str) -> int | None:
    found: dict[str, int] = {}
    for match in _patterns().step.finditer(text):
        word = _step_word(match[1].lower())
        if word is not None:
            found.setdefault(word, int(match[2]))
    return next((found[word] for word in STEP_WORDS if word in found), None)


def _patterns() -> _Patterns:
    if not _compiled:
        import re

        number = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)"
        # A unit, a version, a date, a time or a fraction continues after the number.
        end = r"(?![\w.:/,\\-]\d|[\w.:/\\-]\w|\w|%\|)"
        word = r"[^\W\d][\w'/@.%-]*"
        step = r"(step|iter|iteration|round|epoch|batch)"
        _compiled.append(
            _Patterns(
                pair=re.compile(
                    rf"(?<![\w.?&-])({word}(?: {word}){{0,3}}?)[ \t]*[:=][ \t]*"
                    rf"((?:{number})%?){end}",
                    re.IGNORECASE,
                ),
                # `3 lines`, but not `3 acc: 0.5`
                counted=re.compile(r" [^\W\d]\w*(?![\w/@.%-]*[ \t]*[:=])"),
                part=re.compile(r",(?!\d)|[|;\t\[\]()]| [-–—] |(?<=\d):"),
                item=re.compile(rf"['\"]([^'\"]+)['\"]\s*:\s*['\"]?({number})['\"]?(?=\s*[,}}])"),
                step=re.compile(
                    rf"(?<![^\W_]){step}s?['\"]?[ \t]*[:=#\[(]?[ \t]*(\d+)(?:\.0*(?!\d))?(?![\d.])",
                    re.IGNORECASE,
                ),
                lone_step=re.compile(
                    rf"[\W_]*{step}[ :#\[]*(\d+)(?:\s*(?:/|of)\s*\d+)?[\W_]*", re.IGNORECASE
                ),
                leading_step=re.compile(r"\[(\d+)\](?=\s)\s*"),
                word=re.compile(r"[^\W_]+"),
                bar=re.compile(r"\d+%\|[^|]*\||\b\d+/\d+\s*[━=>.\[\]╸-]{3,}"),
                # An assignment of a call, or a statement of C, as compilers and tracebacks show.
                code=re.compile(r"[^\W\d]\w* = [^\W\d][\w.]*\(|[\w)];$"),
            )
        )
    return _compiled[0]
