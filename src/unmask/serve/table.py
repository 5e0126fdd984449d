"""The one table of the job store, and a row of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    select,
    text,
)

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
UNFINISHED: tuple[State, ...] = ("queued", "running")

_ANSWERS = text("state IN ('queued', 'running', 'done')")

METADATA = MetaData()
ANALYSES = Table(
    "unmask_analyses",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("uploaded", Boolean, nullable=False),
    Column("kept", Boolean, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("answer_key", String(64), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("progress", Float, nullable=False, default=0.0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("crashes", Integer, nullable=False, default=0),
    Column("worker", String(64), nullable=False, default=""),
    Column("lease", Float, nullable=False, default=0.0),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Column("verdict", String(16)),
    Column("probability", Float),
    Column("abstention", String(32)),
    Column("message", Text, nullable=False, default=""),
    # One answer for one file: a second upload of it meets the first, however close they come.
    Index(
        "unmask_one_answer",
        "sha256",
        "answer_key",
        unique=True,
        sqlite_where=_ANSWERS,
        postgresql_where=_ANSWERS,
    ),
)

OWNER = Table("unmask_owner", METADATA, Column("id", String(32), primary_key=True))
"""One row: what the folder of uploads and reports is marked with that belongs to this database."""


@dataclass(frozen=True)
class Analysis:
    """One row: a file, and how far its analysis is. Times are seconds since 1970.

    ``path`` is the file itself; ``name`` is what its sender calls it, and never used as a path.
    ``uploaded`` files are the service's own, ``kept`` until they are deleted.
    """

    number: int
    id: str
    name: str
    path: str
    uploaded: bool
    kept: bool
    bytes: int
    sha256: str
    answer_key: str
    state: State
    progress: float
    attempts: int
    crashes: int
    worker: str
    lease: float
    created: float
    started: float | None
    finished: float | None
    verdict: str | None
    probability: float | None
    abstention: str | None
    message: str


def read(
    connection: Connection, *wanted: ColumnElement[bool], limit: int | None = None
) -> list[Analysis]:
    """Return the rows that are as ``wanted``, the newest first."""
    query = select(ANALYSES).where(*wanted).order_by(ANALYSES.c.number.desc()).limit(limit)
    rows: list[RowMapping] = list(connection.execute(query).mappings())
    return [Analysis(**row) for row in rows]
