"""The job store: one table, on SQLite or PostgreSQL, that API and workers share.

A job is claimed for the time of a lease, which its worker renews. Time is the database's own, so
that the clocks of several machines need not agree.
"""

from __future__ import annotations

import uuid
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    delete,
    func,
    insert,
    inspect,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from unmask.errors import SettingError
from unmask.serve.database import CLOCKS, WRITES, make_engine
from unmask.serve.table import ANALYSES, METADATA, OWNER, UNFINISHED, Analysis, State, read

MOST_CRASHES = 2
"""A job whose process died as often is not begun again: the file is to blame."""

MOST_ATTEMPTS = 5
"""Nor is one that was begun as often and never ended, whatever ended its workers."""

_t = ANALYSES.c


class Store:
    """Jobs in a database.

    Args:
        url: of the database, as SQLAlchemy takes it.
        lease: seconds that a claim holds without a sign of life.

    Raises:
        SettingError: the database cannot be used.
    """

    def __init__(self, url: str, lease: float = 30.0) -> None:
        self._engine = make_engine(url)
        # SQLite: a transaction that will write must say so first, or it may fail half-way.
        self._writer = self._engine.execution_options(**WRITES)
        self._lease = lease
        self._now: ColumnElement[float] = literal_column(CLOCKS[self._engine.dialect.name])

    def create(self) -> None:
        """Make the table where it is missing.

        Raises:
            SettingError: the database cannot be reached or written.
        """
        try:
            with self._writer.begin() as connection:
                if connection.dialect.name == "postgresql":  # two servers may start at once
                    connection.execute(select(func.pg_advisory_xact_lock(0x756E6D61736B)))
                METADATA.create_all(connection)
                if connection.execute(select(OWNER.c.id)).first() is None:
                    connection.execute(insert(OWNER).values(id=new_id()))
                found = {
                    column["name"] for column in inspect(connection).get_columns(ANALYSES.name)
                }
        except SQLAlchemyError as error:
            where = self._engine.url.render_as_string(hide_password=True)
            why = str(getattr(error, "orig", error)).splitlines()[0]
            raise SettingError(f"the database {where} cannot be used: {why}") from error
        if missing := {column.name for column in ANALYSES.columns} - found:
            raise SettingError(
                f"the table {ANALYSES.name} was made by another version of unmask and lacks "
                f"{', '.join(sorted(missing))}; remove it, or give another folder or database"
            )

    def owner(self) -> str:
        """Return what marks the folder whose files belong to the jobs of this database."""
        with self._engine.connect() as connection:
            return str(connection.execute(select(OWNER.c.id)).scalar_one())

    def ping(self) -> None:
        """Ask the database for nothing; raises what SQLAlchemy raises if it does not answer."""
        with self._engine.connect() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def add(
        self,
        *,
        id: str,  # noqa: A002
        name: str,
        path: str,
        uploaded: bool,
        size: int,
        sha256: str,
        key: str,
    ) -> tuple[Analysis, bool]:
        """Enter a job and return it with True; with False the one that answers it already."""
        values = {
            "id": id, "name": name, "path": path, "uploaded": uploaded, "kept": uploaded,
            "bytes": size, "sha256": sha256, "answer_key": key, "state": "queued",
            "created": self._now,
        }  # fmt: skip
        while True:
            found = self.answer(sha256, key)
            if found is not None:
                return found, False
            try:
                with self._writer.begin() as connection:
                    connection.execute(insert(ANALYSES).values(values))
            except IntegrityError:
                continue  # the same file came in between, and may even be gone again
            return self.get(id), True

    def answer(self, sha256: str, key: str) -> Analysis | None:
        """Return the job, waiting, running or done, that answers for a file."""
        found = self._rows(
            _t.sha256 == sha256, _t.answer_key == key, _t.state.in_((*UNFINISHED, "done"))
        )
        return found[0] if found else None

    def get(self, id: str) -> Analysis:  # noqa: A002
        """Return a job.

        Raises:
            KeyError: there is none of that id.
        """
        found = self._rows(_t.id == id)
        if not found:
            raise KeyError(id)
        return found[0]

    def page(
        self, *, limit: int, before: int | None = None, name: str = "", **equal: str | None
    ) -> list[Analysis]:
        """Return up to ``limit`` jobs, the newest first.

        Args:
            limit: most rows.
            before: only those with a lower number.
            name: a part of the name, in any case.
            equal: columns with the value that they must have; None for any.
        """
        wanted = [ANALYSES.c[column] == value for column, value in equal.items() if value]
        if before is not None:
            wanted.append(_t.number < before)
        if name:
            wanted.append(func.lower(_t.name).contains(name.lower(), autoescape=True))
        return self._rows(*wanted, limit=limit)

    def claim(self, worker: str) -> Analysis | None:
        """Give ``worker`` the oldest job that waits or whose worker fell silent."""
        silent = (_t.state == "running") & (_t.lease < self._now)
        free = select(_t.id).where(or_(_t.state == "queued", silent)).order_by(_t.number).limit(1)
        with self._engine.connect() as connection:  # an idle worker holds up no writer
            if connection.execute(free).first() is None:
                return None
        with self._writer.begin() as connection:
            row = connection.execute(
                free.with_for_update(skip_locked=True)  # SQLite's transaction holds all alone
            ).first()
            if row is None:
                return None
            connection.execute(
                update(ANALYSES)
                .where(_t.id == row.id)
                .values(
                    state="running",
                    worker=worker,
                    lease=self._now + self._lease,
                    attempts=_t.attempts + 1,
                    progress=0.0,
                    started=func.coalesce(_t.started, self._now),
                )
            )
            return read(connection, _t.id == row.id)[0]

    def beat(self, job: Analysis, progress: float) -> bool:
        """Renew the lease of ``job``; False if it is its worker's no more."""
        return self._change(job, lease=self._now + self._lease, progress=progress)

    def finish(
        self, job: Analysis, state: State, message: str, *, key: str = "", **result: Any
    ) -> bool:
        """End ``job``; False if it was its worker's no more, and nothing was changed.

        ``key`` says what the worker answered by, should it not be what the job was entered with:
        so a worker of another model or prior answers no later upload in its name.
        """
        values = {
            "state": state, "message": message, "finished": self._now, "progress": 1.0, **result
        }  # fmt: skip
        try:
            return self._change(job, answer_key=key or job.answer_key, **values)
        except IntegrityError:  # a job of that key answers for the file: this one does for none
            return self._change(job, answer_key=job.id, **values)

    def give_back(self, job: Analysis, *, crashed: bool) -> bool:
        """Put ``job`` back into the queue: its process crashed, or the attempt does not count."""
        if crashed:
            return self._change(job, state="queued", crashes=job.crashes + 1)
        return self._change(job, state="queued", attempts=job.attempts - 1)

    def release(self, worker: str) -> int:
        """Put back what a worker was at that is known to be gone, and return how many jobs."""
        with self._writer.begin() as connection:
            done = connection.execute(
                update(ANALYSES)
                .where(_t.state == "running", _t.worker == worker)
                .values(state="queued")
            )
        return done.rowcount

    def cancel(self, id: str) -> bool:  # noqa: A002
        """End an unfinished job; False if it had ended. Its worker learns it by its next beat."""
        with self._writer.begin() as connection:
            done = connection.execute(
                update(ANALYSES)
                .where(_t.id == id, _t.state.in_(UNFINISHED))
                .values(state="cancelled", finished=self._now, message="cancelled")
            )
        return done.rowcount == 1

    def remove(self, id: str) -> bool:  # noqa: A002
        """Forget a job that has ended; False if there is none."""
        with self._writer.begin() as connection:
            done = connection.execute(
                delete(ANALYSES).where(_t.id == id, _t.state.not_in(UNFINISHED))
            )
        return done.rowcount == 1

    def expired(self, retention: float) -> list[Analysis]:
        """Return the jobs, ended ``retention`` seconds ago, whose upload is still kept."""
        return self._rows(_t.kept, _t.finished <= self._now - retention)

    def forget_upload(self, id: str) -> None:  # noqa: A002
        """Note that the upload of a job is deleted."""
        with self._writer.begin() as connection:
            connection.execute(update(ANALYSES).where(_t.id == id).values(kept=False))

    def waiting(self) -> tuple[int, float]:
        """Return how many jobs wait, and for how many seconds the oldest has waited."""
        query = select(func.count(), func.coalesce(self._now - func.min(_t.created), 0.0))
        with self._engine.connect() as connection:
            count, seconds = connection.execute(query.where(_t.state == "queued")).one()
        return int(count), max(0.0, float(seconds))

    def counts(self, column: Literal["state", "verdict", "abstention"]) -> dict[str, int]:
        """Return how many jobs there are by each value of a column."""
        by = ANALYSES.c[column]
        query = select(by, func.count()).where(by.is_not(None)).group_by(by)
        with self._engine.connect() as connection:
            return {str(value): int(count) for value, count in connection.execute(query)}

    def _change(self, job: Analysis, **values: Any) -> bool:
        with self._writer.begin() as connection:
            done = connection.execute(
                update(ANALYSES)
                .where(
                    _t.id == job.id,
                    _t.state == "running",
                    _t.worker == job.worker,
                    _t.attempts == job.attempts,
                )
                .values(values)
            )
        return done.rowcount == 1

    def _rows(self, *wanted: ColumnElement[bool], limit: int | None = None) -> list[Analysis]:
        with self._engine.connect() as connection:
            return read(connection, *wanted, limit=limit)


def new_id() -> str:
    """Return an id that nobody can guess."""
    return uuid.uuid4().hex
