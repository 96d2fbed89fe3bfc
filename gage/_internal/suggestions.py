"""Near misses: the choices that a mistyped word may have meant."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "near_misses"]

# A slip, not another word: one or two of five letters may be wrong.
_LIKENESS = 0.6


def near_misses(word: str, choices: Iterable[str], n: int = 3) -> list[str]:
    """Return at most `n` of the choices that a word may mean, the nearest first.

    A choice that differs only in case or in `-` and `_` is the one that is meant. Otherwise the
    choices that begin with the word come first, the shortest first, then those spelled alike.
    """
    names = list(dict.fromkeys(choice for choice in choices if choice != word))
    wanted = _plain(word)
    same = [name for name in names if _plain(name) == wanted]
    if same:
        return same[:n]
    longer = [name for name in names if len(wanted) > 1 and _plain(name).startswith(wanted)]
    found = sorted(longer, key=len)
    if len(found) < n:
        from difflib import get_close_matches

        by_plain: dict[str, list[str]] = {}
        for name in names:
            by_plain.setdefault(_plain(name), []).append(name)
        for plain in get_close_matches(wanted, by_plain, max(n, 1), _LIKENESS):
            found += [name for name in by_plain[plain] if name not in found]
    return found[:n]


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return the question for a message, such as `Did you mean 'train'?`; "" if nothing is near."""
    near = [repr(name) for name in near_misses(word, choices)]
    if not near:
        return ""
    if len(near) == 1:
        return f"Did you mean {near[0]}?"
    return f"Did you mean {', '.join(near[:-1])} or {near[-1]}?"


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")
