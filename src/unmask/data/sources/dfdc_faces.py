"""DFDC faces, as packed for the Kaggle notebooks on the Deepfake Detection Challenge.

    <root>/deepfake-detection-faces-part-<i>-<j>.zip      or the same, unpacked to folders
        <video stem>/<frame>.jpg|png       one folder a video; further faces <frame>_<k>.png
        metadata.csv                       filename,split,original,label
    <root>/splits.csv                      optional: videoname,split,identity,…

``splits.csv`` overrides the ``split`` column of the metadata, which says ``train`` everywhere.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unmask.data.sources.base import SOURCES
from unmask.errors import DataError

PATTERN = "deepfake-detection-faces-part-*"
LABELS = {"REAL": 0, "FAKE": 1}


@SOURCES.register("dfdc-faces")
class DfdcFaces:
    """The faces of DFDC videos, in zips or folders of batches."""

    def recognises(self, root: Path) -> bool:
        """Say whether any batch lies in the folder."""
        return any(root.glob(PATTERN))

    def scan(self, root: Path) -> Iterator[dict[str, Any]]:
        """Yield one row a listed video, and one a folder that the metadata does not list."""
        splits = _read_splits(root / "splits.csv")
        for batch in sorted(root.glob(PATTERN)):
            metadata, frames = _read_batch(batch)
            seen = set()
            for row in metadata:
                stem = Path(row["filename"]).stem
                seen.add(stem)
                label = LABELS.get(row["label"].strip().upper())
                if label is None:
                    raise DataError(
                        f"{batch}: label must be REAL or FAKE. Got '{row['label']}' for {stem}"
                    )
                original = Path(row["original"]).stem or None
                split = splits.get(stem, {})
                yield {
                    "video_id": stem,
                    "path": f"{batch.name}/{stem}",
                    "label": label,
                    "method": "dfdc" if label else None,
                    "original_id": original,
                    "group_id": original or stem,
                    "identity": split.get("identity"),
                    "dataset": "dfdc-faces",
                    "split": split.get("split") or row.get("split") or None,
                    "frames": frames[stem],
                    "note": None if frames[stem] else "listed in the metadata, but has no folder",
                }
            stray = sorted(frames.keys() - seen)
            if stray:
                raise DataError(
                    f"{batch}: {len(stray)} folders are not in its metadata.csv, "
                    f"{stray[0]} the first; label them there or remove them"
                )


def _read_splits(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {Path(row["videoname"]).stem: row for row in csv.DictReader(file)}


def _read_batch(batch: Path) -> tuple[list[dict[str, str]], Counter[str]]:
    """Return the rows of the metadata and the number of frames of each video."""
    try:
        if batch.is_dir():
            names = [path.relative_to(batch).as_posix() for path in batch.rglob("*.*")]
            text = (batch / "metadata.csv").read_text()
        else:
            with zipfile.ZipFile(batch) as archive:
                names = archive.namelist()
                text = archive.read("metadata.csv").decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{batch}: not a readable batch with a metadata.csv ({error})") from error
    pictures = (name for name in names if name.endswith((".jpg", ".png")))
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["filename"] != "filename"]
    return rows, Counter(name.split("/")[0] for name in pictures if "/" in name)
