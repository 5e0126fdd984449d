"""What a C2PA manifest store says. Its text comes from outside: any of it may be missing, of
another type than the standard has it, or far too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unmask.types import Statement

_LONGEST = 200  # characters kept of a text
_PROBLEMS = 10

# Last parts of the digital source types (IPTC's and C2PA's) that mean: a trained model made this,
# or part of it.
_AI_SOURCES = frozenset(
    {
        "trainedalgorithmicmedia",
        "trainedalgorithmicdata",
        "compositewithtrainedalgorithmicmedia",
        "compositesynthetic",
    }
)

_CHANGED = "the file was changed after signing"
_EXPLANATIONS = {
    "assertion.dataHash.mismatch": _CHANGED,
    "assertion.bmffHash.mismatch": _CHANGED,
    "assertion.boxesHash.mismatch": _CHANGED,
    "assertion.hashedURI.mismatch": "a statement was changed after signing",
    "claimSignature.mismatch": "the signature does not fit what it signs",
    "signingCredential.expired": "the signer's certificate had expired",
    "signingCredential.invalid": "the signer's certificate is not one for signing media",
    "signingCredential.ocsp.revoked": "the signer's certificate was revoked",
}
_UNKNOWN_SIGNER = "signingCredential.untrusted"  # no problem of the file's: see the state


def cut(text: object) -> str:
    """Return ``text`` stripped and cut to a length that a report can carry; "" if it is none."""
    if not isinstance(text, str):
        return ""
    text = text.strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def signer(store: dict[str, Any]) -> str:
    """Return the name and organisation in the certificate of the active manifest's signer."""
    info = _dict(_active(store).get("signature_info"))
    return ", ".join(
        dict.fromkeys(filter(None, map(cut, (info.get("common_name"), info.get("issuer")))))
    )


def tool(store: dict[str, Any]) -> str:
    """Return what wrote the active manifest: the claim generator, with its version."""
    manifest = _active(store)
    infos = _list(manifest.get("claim_generator_info"))
    return _name(infos[0]) if infos else cut(manifest.get("claim_generator"))


def problems(store: dict[str, Any]) -> dict[str, str]:
    """Return why the manifests do not hold: the standard's code, and what it says in words."""
    codes = [cut(_dict(each).get("code")) for each in _list(store.get("validation_status"))]
    wrong = [code for code in dict.fromkeys(codes) if code not in ("", _UNKNOWN_SIGNER)]
    return {code: _EXPLANATIONS.get(code, code) for code in wrong[:_PROBLEMS]}


def statements(store: dict[str, Any]) -> list[Statement]:
    """Return what the manifests declare about the making of the file, each once.

    Those that declare the work of a trained model come first, then those of the file itself,
    then those of what it was made from.
    """
    active = store.get("active_manifest")
    found = [
        statement
        for label, manifest in _dict(store.get("manifests")).items()
        for assertion in _list(_dict(manifest).get("assertions"))
        for statement in _declared(_dict(assertion), ingredient=label != active)
    ]
    return sorted(dict.fromkeys(found), key=lambda each: (not each.ai, each.ingredient))


def _declared(assertion: dict[str, Any], *, ingredient: bool) -> Iterator[Statement]:
    """Yield the actions and the digital source types that stand anywhere in ``assertion``."""
    waiting: list[Any] = [assertion.get("data")]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            action = cut(value.get("action"))
            sources = [
                cut(text).rstrip("/").rpartition("/")[2]
                for key, item in value.items()
                if key.casefold().endswith("digitalsourcetype")
                for text in (item if isinstance(item, list) else [item])
            ]
            for source in sources or [""] * bool(action):
                yield Statement(
                    name=action or cut(assertion.get("label")),
                    source_type=source,
                    tool=_name(value.get("softwareAgent")),
                    ai=source.casefold() in _AI_SOURCES,
                    ingredient=ingredient,
                )
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _name(value: object) -> str:
    """Return a program's name and version, given as a text or as an object."""
    if isinstance(value, dict):
        return " ".join(filter(None, (cut(value.get("name")), cut(value.get("version")))))
    return cut(value)


def _active(store: dict[str, Any]) -> dict[str, Any]:
    manifests = _dict(store.get("manifests"))
    return _dict(manifests.get(str(store.get("active_manifest"))))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
