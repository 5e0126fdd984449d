"""How a service is set up."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from ipaddress import ip_address
from pathlib import Path

from unmask import __version__
from unmask.detect import Settings
from unmask.errors import SettingError
from unmask.types import ModelIdentity

LEAST_TOKEN = 16
"""Characters of the shortest token that is taken."""


@dataclass(frozen=True)
class Options:
    """What the API and its workers share.

    Attributes:
        data: folder of uploads and reports. Servers that share a database share it too.
        database: SQLAlchemy URL; empty for an SQLite file in ``data``.
        model: path or name of a bundle; None for the default.
        settings: choices of each analysis.
        root: folder whose files may be analysed by their path; None for none.
        workers: processes that analyse, each one file at a time.
        timeout: seconds that one analysis may take.
        memory: bytes of address space that one analysis may take.
        retention: seconds that an upload is kept once its analysis has ended.
        lease: seconds after which the job of a silent worker is given to another.
        most_waiting: analyses that may wait; more are turned away.

    Raises:
        SettingError: a value is out of range.
    """

    data: Path
    database: str = ""
    model: str | None = None
    settings: Settings = field(default_factory=lambda: Settings(evidence=True))
    root: Path | None = None
    workers: int = 1
    timeout: float = 900.0
    memory: int = 4 * 2**30
    retention: float = 3600.0
    lease: float = 15.0
    most_waiting: int = 1000

    def __post_init__(self) -> None:
        for name in ("workers", "timeout", "memory", "lease", "most_waiting"):
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} must be above 0. Got {getattr(self, name)}")
        if self.retention < 0:
            raise SettingError(f"retention must be at least 0. Got {self.retention}")
        if self.root is not None and not self.root.is_dir():
            raise SettingError(f"root must be a folder. Got {self.root}")

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database or f"sqlite:///{self.data.resolve() / 'analyses.sqlite'}"

    def answer_key(self, model: ModelIdentity) -> str:
        """Return a hash of all that, beside the file, decides what a report says.

        The bounds are part of it: a file that needed more is an abstention, until it gets more.
        """
        choices = asdict(self.settings)
        del choices["threads"]
        decides = [__version__, model.sha256, choices, self.memory, self.timeout]
        text = json.dumps(decides, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Access:
    """Who may call.

    Attributes:
        host: address that is bound.
        port: port that is bound.
        token: what callers must know; None lets in everyone who reaches the port.
        names: host names, without port, that requests may be addressed to.
    """

    host: str
    port: int
    token: str | None
    names: frozenset[str]


def decide_access(
    host: str,
    port: int,
    *,
    token: str | None = None,
    names: tuple[str, ...] = (),
    without_token: bool = False,
) -> Access:
    """Return who may call a service bound to ``host``; loopback gets a token of its own.

    Raises:
        SettingError: anyone could reach the service, or no caller could name it.
    """
    if token is not None and len(token) < LEAST_TOKEN:
        raise SettingError(f"UNMASK_TOKEN must have at least {LEAST_TOKEN} characters")
    allowed = {name.lower() for name in names}
    if _is_loopback(host):
        allowed |= {"127.0.0.1", "localhost", "::1"}
    elif token is None and not without_token:
        raise SettingError(
            f"{host} can be reached from other machines: set UNMASK_TOKEN to a secret, "
            "or let everyone in with --no-token"
        )
    if not _is_wildcard(host):
        allowed.add(host.lower())
    if not allowed:
        raise SettingError(
            f"{host} says not what callers name this machine; say it with --allow-host NAME"
        )
    if token is None and not without_token:
        token = secrets.token_urlsafe(32)
    return Access(host, port, None if without_token else token, frozenset(allowed))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_wildcard(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return not host
