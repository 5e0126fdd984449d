"""A folder with its own table of labels.

<root>/labels.csv       file,label,original,method,split,note
<root>/<file>           any image or video
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from unmask.data.sources.base import SOURCES
from unmask.errors import DataError

LABELS = {"REAL": 0, "FAKE": 1}


@SOURCES.register("labelled")
class Labelled:
    """Media listed in a ``labels.csv``."""

    def recognises(self, root: Path) -> bool:
        """Say whether the folder holds a ``labels.csv``."""
        return (root / "labels.csv").is_file()

    def scan(self, root: Path) -> Iterator[dict[str, Any]]:
        """Yield one row a line of the table."""
        with (root / "labels.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                label = LABELS.get(row["label"].strip().upper())
                if label is None:
                    raise DataError(
                        f"{root / 'labels.csv'}: label must be REAL or FAKE. "
                        f"Got '{row['label']}' for {row['file']}"
                    )
                path = PurePosixPath(row["file"])
                original = PurePosixPath(row.get("original") or "").stem or None
                present = (root / path).is_file()
                yield {
                    "video_id": path.with_suffix("").as_posix(),
                    "path": row["file"],
                    "label": label,
                    "method": row.get("method") or None,
                    "original_id": original,
                    "group_id": original or path.stem,
                    "dataset": root.name,
                    "split": row.get("split") or None,
                    "frames": None if present else 0,
                    "note": row.get("note") or None if present else "listed, but not there",
                }
