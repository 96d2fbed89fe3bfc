"""Options among the words of a `%gage` command."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gage._internal.operations.run_line import LineError
from gage._internal.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OptionWords", "option_words"]


class OptionWords(NamedTuple):
    """The options of a line, each with its values, and the other words."""

    values: dict[str, list[str]]
    flags: set[str]
    rest: list[str]

    def one(self, name: str) -> str | None:
        """Return the last value of an option; None if it was not given."""
        values = self.values.get(name)
        return values[-1] if values else None

    def several(self, name: str) -> list[str]:
        """Return all values of an option."""
        return self.values.get(name, [])


def option_words(words: Sequence[str], options: Mapping[str, str]) -> OptionWords:
    """Return the options among words: `--by lr`, `--by=lr`, `--all`.

    `options` says what each takes (`completion.COMMAND_OPTIONS`); a flag takes nothing.

    Raises
    ------
    LineError
        If an option is not known, or lacks its value.
    """
    found = OptionWords({}, set(), [])
    left = iter(words)
    for word in left:
        option, equals, value = word.partition("=")
        if options.get(word) == "":
            found.flags.add(word)
        elif options.get(option):
            if not equals:
                value = next(left, "")
            if not value:
                raise LineError(f"expected a value after {option}, found nothing")
            found.values.setdefault(option, []).append(value)
        elif word.startswith("--"):
            near = did_you_mean(option, options) or f"Options: {', '.join(options)}"
            raise LineError(f"there is no option {option}. {near}")
        else:
            found.rest.append(word)
    return found
