"""Where a job's files lie: one folder each, every name in it chosen here."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from unmask.detect import Card, Settings
from unmask.detect.card import Bands
from unmask.errors import SettingError
from unmask.report.choices import choice_facts
from unmask.report.lines import json_line
from unmask.report.page import render_page
from unmask.serve.page.pictures import PICTURES, write_pictures
from unmask.types import Report

HTML, JSON, BANDS = "report.html", "report.json", "bands.json"
_MOST_JSON = 64 * 2**20  # bytes; far beyond the report of the most faces in the most frames


class Folders:
    """The folders of all jobs, below the service's data."""

    def __init__(self, data: Path) -> None:
        self._root = data / "jobs"

    def create(self) -> None:
        """Make the folder that holds them, readable by nobody else."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def claim(self, owner: str) -> None:
        """Mark the folders as those of one job store: who knows not their jobs would delete them.

        Raises:
            SettingError: they are another's.
        """
        data, own = self._root.parent, f"owner-{owner}"
        marks = {path.name for path in data.glob("owner-*")}
        if not marks:
            (data / own).touch()
            marks = {path.name for path in data.glob("owner-*")}  # another may start just now
            if marks != {own}:
                (data / own).unlink()
        if others := sorted(marks - {own}):
            raise SettingError(
                f"{data} holds the uploads and reports of another database; give that one "
                f"(UNMASK_DATABASE) or another --data, or, if it is gone, remove {data / others[0]}"
            )

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
        """Make the reports of an attempt those of its job, and delete all attempts.

        Raises:
            FileNotFoundError: the job's files were deleted meanwhile.
        """
        shutil.rmtree(self.of(id) / PICTURES, ignore_errors=True)
        for name in (HTML, JSON, BANDS, PICTURES):
            if name in (HTML, JSON) or (attempt / name).exists():
                (attempt / name).replace(self.of(id) / name)
        for left in self.of(id).glob("attempt-*"):
            shutil.rmtree(left)

    def has_reports(self, id: str) -> bool:  # noqa: A002
        """Whether the reports of a job are there."""
        return all((self.of(id) / name).is_file() for name in (HTML, JSON))

    def drop_upload(self, id: str) -> None:  # noqa: A002
        """Delete the upload of a job."""
        self.upload(id).unlink(missing_ok=True)

    def drop(self, id: str) -> None:  # noqa: A002
        """Delete all files of a job."""
        shutil.rmtree(self.of(id), ignore_errors=True)

    def ids(self, age: float) -> list[str]:
        """Return the jobs whose folder and upload have lain unchanged for ``age`` seconds."""
        latest = time.time() - age
        return [
            path.name
            for path in self._root.iterdir()
            if max(map(_changed, (path, path / "upload"))) < latest
        ]


def sync(folder: Path) -> None:
    """Let the names in ``folder`` outlive a loss of power."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_report(folder: Path, report: Report, card: Card, settings: Settings) -> None:
    """Write the page, the JSON and the pictures of ``report`` into ``folder``, and the bands of
    the detector, by which the report can be read again at another false-alarm budget."""
    page = render_page(report, card.model_dump(mode="json"), settings=choice_facts(settings))
    (folder / HTML).write_text(page, encoding="utf-8")
    (folder / JSON).write_text(json_line(report), encoding="utf-8")
    (folder / BANDS).write_text(card.bands.model_dump_json(), encoding="utf-8")
    write_pictures(folder / PICTURES, report)


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


def read_bands(folder: Path) -> Bands:
    """Read the bands of the detector that made the report in ``folder``.

    Raises:
        ValueError: they are not bands.
        OSError: they are not there.
    """
    path = folder / BANDS
    if path.stat().st_size > _MOST_JSON:
        raise ValueError("not bands")
    return Bands.model_validate_json(path.read_bytes())


def rename(report: Report, name: str) -> Report:
    """Return ``report`` under the name that the sender gave the file."""
    media = report.media and report.media.model_copy(update={"path": name})
    return report.model_copy(update={"path": name, "media": media})


def _changed(path: Path) -> float:
    """Return when a file was last written, in seconds since 1970; 0 if it is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
