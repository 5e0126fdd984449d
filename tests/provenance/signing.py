"""Real content credentials: a certificate authority, a signer, and files that it signs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CAPTURED = {"action": "c2pa.created", "digitalSourceType": f"{SOURCES}digitalCapture"}
MIMES = {".jpg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4"}
SIGNING = {
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


def manifest(*actions: dict[str, Any], tool: str = "Camera", **more: Any) -> dict[str, Any]:
    """A manifest whose first action creates the picture with a camera, unless others are given."""
    actions = actions or (CAPTURED,)
    return {
        "claim_generator_info": [{"name": tool, "version": "1.2"}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": list(actions)}},
            *more.pop("assertions", ()),
        ],
        **more,
    }


@dataclass(frozen=True)
class Authority:
    """A certificate authority and one signer; all in PEM."""

    root: str
    chain: bytes
    key: bytes

    @classmethod
    def make(
        cls, name: str = "Jane Doe", organisation: str = "Daily News", ocsp: str = ""
    ) -> Authority:
        """Make one whose signer is called ``name``; ``ocsp`` is where to ask about its state."""
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        issuer = _name("Test root", "Test authority")
        root = _certificate(issuer, issuer, root_key, root_key, is_root=True)
        leaf = _certificate(_name(name, organisation), issuer, key, root_key, ocsp=ocsp)
        return cls(
            root=_pem(root).decode(),
            chain=_pem(leaf) + _pem(root),
            key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )

    def sign(
        self,
        source: Path,
        target: Path,
        said: dict[str, Any] | None = None,
        *,
        edits: bool = False,
        remote: str = "",
    ) -> Path:
        """Sign ``source`` into ``target``, with ``edits`` as an edit of what ``source`` was; with
        ``remote`` the manifest is left out of the file, which only names its address."""
        mime = MIMES[source.suffix]
        info = c2pa.C2paSignerInfo("es256", self.chain, self.key, None)
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context.from_dict(SIGNING) as context,
            c2pa.Builder(said or manifest(), context=context) as builder,
            source.open("rb") as unsigned,
            target.open("w+b") as signed,
        ):
            if edits:
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            if remote:
                builder.set_remote_url(remote)
                builder.set_no_embed()
            builder.sign(signer, mime, unsigned, signed)
        return target


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """Listen on a port of the loopback; gives the port and what was asked for there so far."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(4096).decode("latin-1"))
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield server.getsockname()[1], asked
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _name(common: str, organisation: str) -> x509.Name:
    parts = ((NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name([x509.NameAttribute(part, text) for part, text in parts])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_root: bool = False,
    ocsp: str = "",
) -> x509.Certificate:
    now = datetime.now(UTC)
    unused = dict.fromkeys(
        (
            "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "encipher_only", "decipher_only",
        ),
        False,
    )  # fmt: skip
    usage = x509.KeyUsage(
        digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root, **unused
    )
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(known, critical=False)
    )
    if not is_root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    if ocsp:
        place = x509.UniformResourceIdentifier(ocsp)
        asking = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        builder = builder.add_extension(x509.AuthorityInformationAccess([asking]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
