"""Keeps a server's workers running."""

from __future__ import annotations

import logging
import subprocess
import threading
import uuid

from sqlalchemy.exc import SQLAlchemyError

from unmask.serve.analyse import OPTIONS
from unmask.serve.options import Options
from unmask.serve.process import end, spawn, tell
from unmask.serve.store import Store

_LOOK = 1.0  # seconds between two looks at the workers
_PATIENCE = 10.0  # seconds that a worker gets to put its job back

log = logging.getLogger("unmask.serve")


class Pool:
    """Worker processes, each started anew when it dies; what it was at goes back at once."""

    def __init__(self, options: Options, store: Store) -> None:
        self._store = store
        self._count = options.workers
        self._order = OPTIONS.dump_json(options).decode()
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="unmask-pool", daemon=True)

    @property
    def alive(self) -> int:
        """How many workers live."""
        return sum(worker.poll() is None for worker in list(self._workers.values()))

    def start(self) -> None:
        """Start the workers."""
        for _ in range(self._count):
            self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """Stop the workers; they put the jobs that they are at back into the queue."""
        self._stopping.set()
        self._thread.join()
        for worker in self._workers.values():
            if worker.stdin is not None:
                worker.stdin.close()  # all at once, before any is waited for
        for name, worker in self._workers.items():
            end(worker, _PATIENCE)
            self._release(name)  # one that had to be killed has put nothing back

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK):
            try:
                self._replace()
            except Exception:
                log.exception("a worker could not be replaced; it is tried again")

    def _replace(self) -> None:
        for name, worker in list(self._workers.items()):
            if worker.poll() is not None:
                log.warning("a worker ended with %d; another takes its place", worker.returncode)
                end(worker)
                self._spawn()
                del self._workers[name]
                self._release(name)

    def _release(self, name: str) -> None:
        try:
            self._store.release(name)
        except SQLAlchemyError:
            log.exception("the job of a worker could not be put back; its lease will run out")

    def _spawn(self) -> None:
        name = uuid.uuid4().hex
        worker = spawn("unmask.serve.worker", self._order)
        tell(worker, name)
        self._workers[name] = worker
