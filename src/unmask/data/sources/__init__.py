"""One file a dataset: its published layout, read into manifest rows."""

from pathlib import Path

import polars as pl

from unmask.data.manifest import make_manifest
from unmask.data.sources import dfdc_faces, labelled, utkface
from unmask.data.sources.base import SOURCES, Source
from unmask.errors import DataError

__all__ = ["SOURCES", "Source", "ingest"]

del dfdc_faces, labelled, utkface  # imported to register


def ingest(root: Path, source: str | None = None) -> pl.DataFrame:
    """Return the manifest of the dataset at ``root``.

    Args:
        root: the dataset's folder.
        source: name of its source; recognised from the layout if not given.

    Raises:
        DataError: the folder is missing, or has no layout that is known.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    if source is None:
        source = next((name for name in SOURCES if SOURCES[name]().recognises(root)), None)
    if source is None:
        known = ", ".join(sorted(SOURCES))
        raise DataError(f"{root}: layout not recognised; name it with --source (known: {known})")
    return make_manifest(SOURCES[source]().scan(root))
