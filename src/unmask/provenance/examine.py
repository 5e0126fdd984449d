"""Read and validate the content credentials of a file, offline."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unmask.errors import MissingExtraError, SettingError
from unmask.provenance.manifests import cut, problems, signer, statements, tool
from unmask.types import Provenance, ProvenanceState

_NEED = ("reading content credentials", "provenance")
NOT_INSTALLED = f"not examined: {MissingExtraError(*_NEED)}"
"""The message where the extra is not installed."""

_LIBRARY_VARIABLE = "C2PA_LIBRARY_NAME"
_LIBRARY_SUFFIXES = {".so", ".dylib", ".dll"}

# Nothing is fetched: no manifest that lies elsewhere, no state of a certificate, and no key of an
# identity assertion, which may name a web address. The empty list of hosts bars all others.
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
    "core": {"decode_identity_assertions": False, "allowed_network_hosts": []},
}
_STATEMENTS = 50


def examine(path: str | Path, trust_list: str = "") -> Provenance:
    """Return what the content credentials of the file at ``path`` say, and whether they hold.

    What cannot be read is a state with a message, never an exception. Nothing is fetched.

    Args:
        path: an image or video.
        trust_list: certificates as `read_trust_list` returns them. Without one no signer is
            trusted.

    Raises:
        SettingError: ``trust_list`` holds what is no certificate.
    """
    path = Path(path)
    try:
        c2pa = _load_library()
    except (ImportError, RuntimeError) as error:  # not installed, or not for this machine
        return Provenance(message=cut(f"not examined: {error}"))
    if not path.is_file():
        return Provenance(message="not examined: no file at this path")
    trust = {"trust": {"trust_anchors": trust_list}} if trust_list else {}
    try:
        context = c2pa.Context.from_dict(_OFFLINE | trust)
    except c2pa.C2paError as error:
        raise SettingError(
            f"trust_list must hold certificates in PEM form ({error}); make it with read_trust_list"
        ) from error
    try:
        with context, path.open("rb") as file, c2pa.Reader(None, file, context=context) as reader:
            store = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Provenance(state="absent", message="the file carries no content credentials")
    except c2pa.C2paError.NotSupported:
        return Provenance(message="not examined: this kind of file is not read for credentials")
    except (c2pa.C2paError, OSError, ValueError, RecursionError) as error:
        return Provenance(state="unreadable", message=_why_unreadable(str(error)))
    return _judge(store, trusting=bool(trust_list))


def read_trust_list(path: str | Path) -> str:
    """Return the certificates in the PEM file at ``path``, and nothing else that it holds.

    Raises:
        MissingExtraError: the ``provenance`` extra is not installed.
        SettingError: the file cannot be read, or holds no certificate.
    """
    try:
        from cryptography import x509  # noqa: PLC0415 - comes with the extra
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError("--trust-list", "provenance") from error
    try:
        certificates = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except OSError as error:
        raise SettingError(f"cannot read trust list {path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingError(
            f"trust list {path} must hold sound certificates in PEM form; get it again"
        ) from error
    return "".join(each.public_bytes(Encoding.PEM).decode("ascii") for each in certificates)


@cache
def _load_library() -> Any:
    """Import c2pa.

    Left alone, c2pa looks for its shared library in the working folder first, which may hold
    whatever was downloaded there; it is given the place of its own instead.
    """
    spec = find_spec("c2pa")
    if spec is None or spec.origin is None:
        raise MissingExtraError(*_NEED)
    found = sorted((Path(spec.origin).parent / "libs").glob("*c2pa_c.*"))
    library = next((file for file in found if file.suffix in _LIBRARY_SUFFIXES), None)
    if library is None:
        raise ImportError("c2pa is installed without its shared library; install it again")
    before = os.environ.get(_LIBRARY_VARIABLE)
    os.environ[_LIBRARY_VARIABLE] = str(library)
    try:
        return import_module("c2pa")
    finally:
        if before is None:
            del os.environ[_LIBRARY_VARIABLE]
        else:
            os.environ[_LIBRARY_VARIABLE] = before


def _why_unreadable(error: str) -> str:
    if error.startswith("Remote"):
        address = cut(error.partition(" url ")[2])
        return f"the credentials lie outside the file and are not fetched: {address}"
    return f"the credentials, if any, cannot be read: {cut(error)}"


def _judge(store: dict[str, Any], *, trusting: bool) -> Provenance:
    """Return the value of a manifest store, as c2pa gives it as JSON."""
    verdict = store.get("validation_state")
    found = problems(store)
    # The library may come to know signers of its own; here only the caller's list makes trust.
    state: ProvenanceState
    if verdict == "Trusted" and trusting:
        state, message = "trusted", "signed by a trusted signer and unchanged since"
    elif verdict in ("Valid", "Trusted"):
        unknown = "is not on the trust list" if trusting else "is unknown: no trust list was given"
        state, message = "valid", f"signed and unchanged since; the signer {unknown}"
    else:
        reasons = ", ".join(dict.fromkeys(found.values())) or "the library gives no reason"
        state, message = "invalid", f"the credentials do not hold: {reasons}"
    said = statements(store)
    return Provenance(
        state=state,
        message=message,
        signer=signer(store),
        tool=tool(store),
        ai_declared=any(each.ai for each in said),
        statements=tuple(said[:_STATEMENTS]),
        left_out=max(0, len(said) - _STATEMENTS),
        problems=tuple(found),
    )
