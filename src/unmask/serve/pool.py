"""Keeps a server's workers running."""

from __future__ import annotations

import logging
import subprocess
import threading

from unmask.serve.analyse import OPTIONS
from unmask.serve.options import Options
from unmask.serve.process import end, spawn

_LOOK = 1.0  # seconds between two looks at the workers
_PATIENCE = 10.0  # seconds that a worker gets to put its job back

log = logging.getLogger("unmask.serve")


class Pool:
    """Worker processes, each started anew when it dies."""

    def __init__(self, options: Options) -> None:
        self._count = options.workers
        self._order = OPTIONS.dump_json(options).decode()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="unmask-pool", daemon=True)

    @property
    def pids(self) -> list[int]:
        """The workers' process ids."""
        return [worker.pid for worker in self._workers]

    def start(self) -> None:
        """Start the workers."""
        self._workers = [self._spawn() for _ in range(self._count)]
        self._thread.start()

    def stop(self) -> None:
        """Stop the workers; they put the jobs that they are at back into the queue."""
        self._stopping.set()
        self._thread.join()
        for worker in self._workers:
            if worker.stdin is not None:
                worker.stdin.close()  # all at once, before any is waited for
        for worker in self._workers:
            end(worker, _PATIENCE)

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK):
            for place, worker in enumerate(self._workers):
                if worker.poll() is not None:
                    log.warning(
                        "a worker ended with %d; another takes its place", worker.returncode
                    )
                    self._workers[place] = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return spawn("unmask.serve.worker", self._order)
