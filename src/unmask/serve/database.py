"""Connections to the job store's database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from unmask.errors import SettingError

CLOCKS = {
    "sqlite": "(julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "extract(epoch from clock_timestamp())::float8",
}
"""SQL for the seconds since 1970, by the database's own clock."""

WRITES = {"unmask_writes": True}
"""Execution options of a connection that will write."""

_BUSY = 30  # seconds to wait for another writer of an SQLite file


def make_engine(url: str) -> Engine:
    """Return an engine for the database at ``url``.

    Raises:
        SettingError: it is neither SQLite nor PostgreSQL.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise SettingError("the database must be given as sqlite:/// or postgresql://") from error
    backend = address.get_backend_name()
    if backend not in CLOCKS:
        raise SettingError(f"the database must be SQLite or PostgreSQL. Got {backend}")
    if backend == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
        return create_engine(address, pool_pre_ping=True, pool_size=5, max_overflow=15)
    engine = create_engine(address, connect_args={"timeout": _BUSY}, max_overflow=30)

    # As SQLAlchemy's documentation of SQLite says: the driver's own transactions begin too late.
    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("unmask_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
