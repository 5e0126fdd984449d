"""What the API does: take files in, look jobs up, cancel, delete, tidy up."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import HTTPException

from unmask.detect import load_bundle
from unmask.serve.folders import HTML, Folders
from unmask.serve.options import Options
from unmask.serve.paper import set_on_paper
from unmask.serve.pool import Pool
from unmask.serve.store import Store, new_id
from unmask.serve.table import Analysis
from unmask.serve.uploads import Upload, clean_name

_TIDY = 30.0  # seconds between two sweeps
_MOST_UPLOADS = 32  # files that may come at once
_ABANDONED = 3600.0  # seconds after which a folder without a job is an upload that broke off

log = logging.getLogger("unmask.serve")


class Service:
    """The store, the folders and the workers of one server.

    Raises:
        BundleError: the bundle cannot be used.
        SettingError: the database cannot be used, or the data are another's.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.model = load_bundle(options.model).identity
        self.key = options.answer_key(self.model)
        self.folders = Folders(options.data)
        self.folders.create()
        self.store = Store(options.url, options.lease)
        self.store.create()
        try:
            self.folders.claim(self.store.owner())
        except BaseException:
            self.store.close()
            raise
        self.pool = Pool(options, self.store)
        self._uploads = 0
        self._stopping = threading.Event()
        self._tidier = threading.Thread(target=self._tidy, name="unmask-tidy", daemon=True)

    def start(self) -> None:
        """Start the workers and the sweeps."""
        self.pool.start()
        self._tidier.start()

    def stop(self) -> None:
        """Stop them; what was begun is put back into the queue."""
        self._stopping.set()
        self.pool.stop()
        self._tidier.join()
        self.store.close()

    def check_room(self) -> None:
        """Turn callers away while too many jobs wait.

        Raises:
            HTTPException: 429.
        """
        if self.store.waiting()[0] >= self.options.most_waiting:
            raise HTTPException(429, "too many analyses wait; try later", {"retry-after": "60"})

    @contextmanager
    def upload(self, content_type: str, length: str | None) -> Iterator[tuple[str, Upload]]:
        """Give the id of a new job and what takes its file in; the file stays if all goes well.

        To be used by the event loop alone.

        Raises:
            HTTPException: the body is of another form or too long, or too many come at once.
        """
        if self._uploads >= _MOST_UPLOADS:
            raise HTTPException(429, "too many files come at once; try later", {"retry-after": "5"})
        id_ = new_id()
        target = self.folders.upload(id_)
        limit = self.options.settings.limits.file_bytes
        upload = Upload(target, limit, content_type, length)
        self._uploads += 1
        try:
            target.parent.mkdir()
            yield id_, upload
        except BaseException:  # also where the sender went away
            self.folders.drop(id_)
            raise
        finally:
            self._uploads -= 1

    def accept(self, id_: str, upload: Upload) -> tuple[Analysis, bool]:
        """Enter the job of a finished upload; with False, the one that answers it already."""
        # Should this fail half-way, the file stays until a sweep finds no job for it: better a
        # file without a job than a job without its file.
        row, new = self._enter(
            id=id_,
            name=upload.name,
            path=str(self.folders.upload(id_).resolve()),
            uploaded=True,
            size=upload.size,
            sha256=upload.sha256,
        )
        if not new:
            self.folders.drop(id_)
        return row, new

    def accept_path(self, given: str) -> tuple[Analysis, bool]:
        """Enter the job of a file below the root.

        Raises:
            HTTPException: there is no such file there.
        """
        path = self._below_root(given)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size > self.options.settings.limits.file_bytes:
                    raise HTTPException(413, "the file is over the limit; see --max-file-size")
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise HTTPException(404, "the file cannot be read") from error
        return self._enter(
            id=new_id(),
            name=clean_name(path.name),
            path=str(path),
            uploaded=False,
            size=size,
            sha256=sha256,
        )

    def _enter(self, **job: Any) -> tuple[Analysis, bool]:
        """Enter a job, unless one answers that still has its reports."""
        row, new = self.store.add(key=self.key, **job)
        if not new and row.state == "done" and not self.folders.has_reports(row.id):
            self.store.remove(row.id)
            self.folders.drop(row.id)
            row, new = self.store.add(key=self.key, **job)
        return row, new

    def find(self, id_: str) -> Analysis:
        """Return a job.

        Raises:
            HTTPException: 404.
        """
        try:
            return self.store.get(id_)
        except KeyError:
            raise HTTPException(404, "there is no analysis of this id") from None

    def report(self, id_: str, name: str) -> Path:
        """Return the file of a report.

        Raises:
            HTTPException: there is none, or none yet.
        """
        row = self.find(id_)
        if row.state != "done":
            raise HTTPException(409, f"there is no report: the analysis is {row.state}")
        path = self.folders.of(id_) / name
        if not path.is_file():
            raise HTTPException(404, "the report is no longer there; send the file again")
        return path

    def paper(self, id_: str) -> Path:
        """Return the report as PDF, which is made when it is first asked for.

        Raises:
            HTTPException: there is no report, or it cannot be made into one.
        """
        return set_on_paper(self.report(id_, HTML))

    def delete(self, id_: str) -> Analysis | None:
        """Cancel an unfinished job and return it; remove one that has ended.

        Raises:
            HTTPException: there is none.
        """
        self.find(id_)
        if self.store.cancel(id_):
            self.folders.drop_upload(id_)
            self.store.forget_upload(id_)
            return self.find(id_)
        self.store.remove(id_)
        self.folders.drop(id_)
        return None

    def tidy(self) -> None:
        """Delete uploads that were kept long enough, and what uploads left that broke off."""
        for row in self.store.expired(self.options.retention):
            self.folders.drop_upload(row.id)
            self.store.forget_upload(row.id)
        for id_ in self.folders.ids(_ABANDONED):
            try:
                self.store.get(id_)
            except KeyError:
                self.folders.drop(id_)

    def _below_root(self, given: str) -> Path:
        root = self.options.root
        if root is None:
            raise HTTPException(403, "files are taken by upload only; see --root")
        root = root.resolve()
        try:
            path = (root / given).resolve()
            found = path.is_relative_to(root) and path.is_file()
        except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, a loop of links
            found = False
        if not found:  # one answer for both, so that nothing can be asked about other folders
            raise HTTPException(404, "there is no such file below the folder of --root")
        return path

    def _tidy(self) -> None:
        while not self._stopping.wait(_TIDY):
            try:
                self.tidy()
            except Exception:
                log.exception("tidying up failed; it is tried again")
