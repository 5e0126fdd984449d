"""Content credentials in words. They stand beside the verdict and have no part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from unmask.report.facts import Fact
from unmask.report.text import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unmask.types import Provenance, ProvenanceState, Statement

_CLAIMS = (
    "Anyone can make a certificate under any name: the name and the statements below are claims. "
    "--trust-list takes the certificates of those whom you trust to vouch for signers."
)

_MEANINGS: Final[Mapping[ProvenanceState, tuple[str, str]]] = {
    "not_examined": ("Not examined", ""),
    "absent": (
        "None",
        "Most files carry none, and they are easily removed: that says nothing about the file.",
    ),
    "unreadable": ("Could not be read", "That says nothing about the file."),
    "invalid": (
        "Do not hold",
        "What they state is shown as it stands in the file, and cannot be relied on.",
    ),
    "valid": (
        "Intact, signer not confirmed",
        _CLAIMS,
    ),
    "trusted": (
        "Intact, from a trusted signer",
        "Someone on the trust list vouches for the signer. The statements are the signer’s.",
    ),
}


@dataclass(frozen=True)
class Credentials:
    """What the page says of a file's content credentials."""

    heading: str
    text: str
    facts: list[Fact]
    statements: list[str]


def describe(found: Provenance) -> Credentials:
    """Return what the page says of ``found``."""
    heading, meaning = _MEANINGS[found.state]
    facts = []
    if found.ai_declared is not None:
        facts = [
            Fact("Signed by", found.signer or "a certificate without a name"),
            Fact("Made with", found.tool or "not stated"),
            Fact("AI generation", _ai(found)),
            *(Fact("Problem", code, mono=True) for code in found.problems),
        ]
    more = [f"and {found.left_out} more"] if found.left_out else []
    return Credentials(
        heading=heading,
        text=f"{sentence(_why(found))} {meaning}".strip(),
        facts=facts,
        statements=[*map(_line, found.statements), *more],
    )


def summary(found: Provenance) -> str:
    """Return the state in a word or two for a table; "" where a file carries no credentials."""
    if found.state in {"not_examined", "absent"}:
        return ""
    return f"{found.state}, AI declared" if found.ai_declared else found.state


def _why(found: Provenance) -> str:
    """Return the message without what the heading says already."""
    if found.state != "not_examined":
        return found.message
    return found.message.removeprefix("not examined").removeprefix(": ")


def _ai(found: Provenance) -> str:
    if not found.ai_declared:
        return "not declared; that does not exclude it"
    own = any(each.ai and not each.ingredient for each in found.statements)
    return f"declared of {'the file' if own else 'something that the file was made from'}"


def _line(statement: Statement) -> str:
    parts = [statement.name]
    if statement.source_type:
        parts.append(f": {statement.source_type}")
    if statement.tool:
        parts.append(f", with {statement.tool}")
    if statement.ingredient:
        parts.append(" (of something that the file was made from)")
    return "".join(parts)
