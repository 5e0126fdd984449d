"""Text from outside (file names, tags, cards), made safe to show."""

from __future__ import annotations

import math
import unicodedata

# Control, format (which includes the bidirectional overrides that make "gpj.exe" out of
# "exe.jpg"), surrogates, private use, unassigned, and the two separators that break lines.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # belong to the spelling of Persian, Hindi and of many emoji


def printable(text: str) -> str:
    r"""Return ``text`` on one line, each character that would act instead of show escaped.

    >>> printable("clip\x1b[31m\n.mp4")
    'clip\\x1b[31m\\n.mp4'
    """
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode("ascii")


def shorten(text: str, most: int) -> str:
    """Return ``text`` with its middle left out where it is longer than ``most`` characters.

    >>> shorten("a-very-long-name.mp4", 12)
    'a-very-….mp4'
    """
    if len(text) <= most:
        return text
    tail = min(5, most // 3)
    return f"{text[: most - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def percent(probability: float) -> str:
    """Return whole per cents, but never 0 % or 100 %: no score is certain.

    The sign is joined by a no-break space, so that a line never ends between the two.

    >>> [percent(value).replace("\N{NO-BREAK SPACE}", " ") for value in (0.934, 0.9999, 0.0)]
    ['93 %', '>99 %', '<1 %']
    """
    return f"{_whole(probability)}\N{NO-BREAK SPACE}%"


def percent_range(interval: tuple[float, float]) -> str:
    """Return an interval of probabilities in whole per cents.

    >>> percent_range((0.88, 0.971)).replace("\N{NO-BREAK SPACE}", " ")
    '88–97 %'
    """
    low, high = map(_whole, interval)
    return f"{low if low == high else f'{low}–{high}'}\N{NO-BREAK SPACE}%"


def signed(score: float) -> str:
    """Return a score with two decimals and a true minus sign."""
    return f"{score:.2f}".replace("-", "\N{MINUS SIGN}")


def sentence(message: str) -> str:
    """Return ``message`` with a capital letter and a full stop.

    >>> sentence("no face was found")
    'No face was found.'
    """
    text = message[:1].upper() + message[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _whole(probability: float) -> str:
    rounded = math.floor(probability * 100 + 0.5)
    if rounded <= 0:
        return "<1"
    return ">99" if rounded >= 100 else str(rounded)
