"""Text from outside (file names, tags, cards), made safe to show."""

from __future__ import annotations

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
