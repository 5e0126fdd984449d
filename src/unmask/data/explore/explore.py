"""All questions asked of one manifest, and the page with their answers."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from unmask import __version__
from unmask.data.duplicates import Progress
from unmask.data.explore import media, rows
from unmask.data.explore.section import Section
from unmask.data.manifest import manifest_hash
from unmask.plots import save


def explore(
    manifest: pl.DataFrame,
    out: Path,
    *,
    name: str,
    root: Path | None = None,
    faces: Path | None = None,
    compare: bool = True,
    progress: Progress | None = None,
) -> list[Section]:
    """Write ``index.html``, with its figures in it and beside it as PNG; return what it says.

    Args:
        manifest: the rows.
        out: folder to write to.
        name: of the manifest, for the page's title.
        root: folder that the manifest's paths are relative to; without it no file is looked at.
        faces: folder of a face set of the manifest.
        compare: whether to compare the files below ``root``, which reads them all.
        progress: called with (rows compared, rows in all).

    Raises:
        DataError: an archive cannot be read, or ``faces`` is no finished face set.
    """
    facts = None if faces is None else media.read_face_facts(faces)
    sections = [
        rows.balance(manifest),
        rows.frames(manifest),
        media.faces_per_frame(manifest, root, facts),
        media.face_size(facts),
        rows.methods(manifest),
        rows.families(manifest),
        media.duplicates(manifest, root if compare else None, progress),
        rows.missing(manifest),
    ]
    out.mkdir(parents=True, exist_ok=True)
    pictures = {
        section.name: b64encode(
            save(section.figure, out / f"{section.name}.png").read_bytes()
        ).decode()
        for section in sections
        if section.figure is not None
    }
    environment = Environment(
        loader=PackageLoader("unmask.data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("explore.html.j2").render(
        name=name,
        sections=sections,
        pictures=pictures,
        digest=manifest_hash(manifest),
        version=__version__,
    )
    (out / "index.html").write_text(page, encoding="utf-8")
    return sections
