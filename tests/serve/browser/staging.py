"""A server whose jobs the test does itself, so that each is as far as the test wants."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from builders import CARD, make_report
from serve.service_client import TOKEN
from unmask.detect import Card, Settings
from unmask.serve.folders import write_report
from unmask.serve.service import Service
from unmask.serve.store import new_id
from unmask.serve.uploads import clean_name

SAMPLES = Path(__file__).parents[3] / "samples"
PATIENCE = 120_000  # milliseconds that a busy machine gets for one analysis
SOON = 20_000  # and for what takes no time

_BANDS = {
    "pools": [{"source": "a", "count": 99, "highest": [2.0, 1.5, 1.0]}],
    "real_below": -1.5,
}
_CALIBRATION = CARD["calibration"] | {"intercept": 0.0}
_CROP = {"size": 160, "eye_mouth": 0.4, "centre_y": 0.5}
BUNDLE = Card.model_validate(CARD | {"bands": _BANDS, "calibration": _CALIBRATION, "crop": _CROP})


def until(page, expression: str) -> None:
    """Wait until an expression is true in the page, whose policy allows no other way to wait."""
    end = time.monotonic() + SOON / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(100)


class Staged:
    """A server without workers, and the hands that do their work."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.address = f"http://127.0.0.1:{port}/?token={TOKEN}"

    def claim(self):
        """Take the next job, as a worker does."""
        return self.service.store.claim("a test")

    def finish(self, job, report) -> None:
        """End a job with a report."""
        folder = self.service.folders.attempt(job.id, job.attempts)
        write_report(folder, report, BUNDLE, Settings(evidence=True))
        self.service.folders.keep(job.id, folder)
        self.service.store.finish(
            job, "done", report.message, verdict=report.verdict, probability=report.probability
        )

    def add(self, name: str, report=None) -> str:
        """Enter an analysis that has ended; returns its id."""
        id_ = new_id()
        path = self.service.folders.upload(id_)
        path.parent.mkdir()
        path.write_text(name)
        self.service.store.add(
            id=id_,
            name=clean_name(name),
            path=str(path),
            uploaded=True,
            size=1,
            sha256=hashlib.sha256(id_.encode()).hexdigest(),
            key=self.service.key,
        )
        self.finish(self.claim(), report or make_report(name))
        return id_
