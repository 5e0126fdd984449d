"""The process that opens one file, and then ends: ``python -m unmask.serve.analyse``.

It is started beforehand, so that the detector is loaded when a job comes. Its answers are files
and bytes, nothing that its parent would run: what it decodes may have taken it over.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from unmask.detect import Predictor
from unmask.errors import UnmaskError
from unmask.serve.folders import rename, write_report
from unmask.serve.options import Options
from unmask.serve.process import confine, when_parent_goes

NO_DETECTOR = 3
"""Exit code of a process that could not even load the detector."""

_NICE = 5  # who follows an analysis does not wait for it


@dataclass(frozen=True)
class Job:
    """A file to open, the name to report it under, and the folder for the report."""

    path: Path
    name: str
    folder: Path


OPTIONS = TypeAdapter(Options)
JOB = TypeAdapter(Job)


def main() -> None:
    """Read the options and then a job, each one line of JSON, and write the job's report."""
    orders = sys.stdin.buffer
    options = OPTIONS.validate_json(orders.readline())
    os.nice(_NICE)
    confine(options.timeout, options.memory)
    try:
        predictor = Predictor(options.model, options.settings)
    except UnmaskError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(NO_DETECTOR)
    line = orders.readline()
    if not line:
        return
    when_parent_goes(lambda: os._exit(1))
    job = JOB.validate_json(line)
    # One byte for each sign of life; whatever else is printed must not pass for one.
    answers = os.dup(1)
    os.dup2(2, 1)
    found = predictor.detect(job.path, lambda share: _tell(answers, share))
    report = rename(found, job.name)
    write_report(job.folder, report, predictor.card, options.settings)


def _tell(answers: int, share: float) -> None:
    os.write(answers, bytes([int(100 * share)]))


if __name__ == "__main__":
    main()
