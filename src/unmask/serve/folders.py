"""Where a job's files lie: one folder each, every name in it chosen here."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from unmask.detect import Card, Settings
from unmask.report.choices import choice_facts
from unmask.report.lines import json_line
from unmask.report.page import render_page
from unmask.types import Report

HTML, JSON = "report.html", "report.json"
_MOST_JSON = 64 * 2**20  # bytes; far beyond the report of the most faces in the most frames


class Folders:
    """The folders of all jobs, below the service's data."""

    def __init__(self, data: Path) -> None:
        self._root = data / "jobs"

    def create(self) -> None:
        """Make the folder that holds them, readable by nobody else."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def of(self, id: str) -> Path:  # noqa: A002
        """Return the folder of a job."""
        return self._root / id

    def upload(self, id: str) -> Path:  # noqa: A002
        """Return where the upload of a job lies."""
        return self.of(id) / "upload"

    def attempt(self, id: str, number: int) -> Path:  # noqa: A002
        """Make and return an empty folder for what one attempt writes."""
        folder = self.of(id) / f"attempt-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def keep(self, id: str, attempt: Path) -> None:  # noqa: A002
        """Make the reports of an attempt those of its job, and delete all attempts."""
        for name in (HTML, JSON):
            (attempt / name).replace(self.of(id) / name)
        for left in self.of(id).glob("attempt-*"):
            shutil.rmtree(left)

    def drop_upload(self, id: str) -> None:  # noqa: A002
        """Delete the upload of a job."""
        self.upload(id).unlink(missing_ok=True)

    def drop(self, id: str) -> None:  # noqa: A002
        """Delete all files of a job."""
        shutil.rmtree(self.of(id), ignore_errors=True)

    def ids(self, age: float) -> list[str]:
        """Return the jobs whose folder has lain unchanged for ``age`` seconds."""
        latest = time.time() - age
        return [entry.name for entry in os.scandir(self._root) if entry.stat().st_mtime < latest]


def write_report(folder: Path, report: Report, card: Card, settings: Settings) -> None:
    """Write the page and the JSON of ``report`` into ``folder``."""
    page = render_page(report, card.model_dump(mode="json"), settings=choice_facts(settings))
    (folder / HTML).write_text(page, encoding="utf-8")
    (folder / JSON).write_text(json_line(report), encoding="utf-8")


def read_report(folder: Path) -> Report:
    """Read what a process wrote that had opened a file of unknown intent.

    Raises:
        ValueError: it is not a report.
        OSError: it is not there.
    """
    path = folder / JSON
    if path.stat().st_size > _MOST_JSON or not (folder / HTML).is_file():
        raise ValueError("not a report")
    return Report.model_validate_json(path.read_bytes())


def rename(report: Report, name: str) -> Report:
    """Return ``report`` under the name that the sender gave the file."""
    media = report.media and report.media.model_copy(update={"path": name})
    return report.model_copy(update={"path": name, "media": media})
