"""FakeAVCeleb 1.2: faces and voices, faked apart and together.

    <root>/[FakeAVCeleb/]<Real|Fake>Video-<Real|Fake>Audio/<race>/<gender>/<id>/<name>.mp4
    <root>/[FakeAVCeleb/]meta_data.csv
        source,target1,target2,method,category,type,race,gender,path,
        ``path`` is the file's name, the unnamed last column its folder, from ``FakeAVCeleb/`` on

The label is that of the picture: ``RealVideo-FakeAudio`` is real here, and its note says that the
sound is fake. A fake's name starts with that of the real video of its ``source``, who is both the
identity and, with one real video a person, the family.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.sources.base import (
    ABSENT,
    NOT_LISTED,
    SOURCES,
    UNKNOWN_LABEL,
    Found,
    Problem,
)
from unmask.data.sources.reading import Tree, bare, read_table, stem, strays

TYPES = {
    "RealVideo-RealAudio": (0, None),
    "RealVideo-FakeAudio": (0, "its sound is fake, its picture is real"),
    "FakeVideo-RealAudio": (1, None),
    "FakeVideo-FakeAudio": (1, None),
}
INNER = "FakeAVCeleb"
COLUMNS = ("path", "source", "method", "type", "")


@SOURCES.register("fakeavceleb")
class FakeAvCeleb:
    """FakeAVCeleb's videos, labelled by their picture."""

    def recognises(self, root: Path) -> bool:
        """Say whether one of the four kinds of videos has its folder."""
        return any((home / name).is_dir() for home in (root, root / INNER) for name in TYPES)

    def scan(self, root: Path) -> Iterator[Found]:
        """Yield one row a listed video, and a problem for each that is not listed."""
        tree = Tree(root)
        home = f"{INNER}/" if INNER in tree.folders() else ""
        table = next((n for n in (f"{home}meta_data.csv", "meta_data.csv") if tree.has(n)), None)
        where = table or f"{home}meta_data.csv"
        listed = set()
        for item in read_table(tree.text(where), COLUMNS, where):
            if isinstance(item, Problem):
                yield item
                continue
            place, cells = item
            folder = cells[""].strip("/").removeprefix(f"{INNER}/")
            path = f"{home}{folder}/{cells['path']}"
            listed.add(path)
            yield _row(path, place, cells, there=tree.has(path))
        yield from strays((path for path in tree.files() if path not in listed), where, NOT_LISTED)


def _row(path: str, place: str, cells: dict[str, str], *, there: bool) -> Found:
    kind = cells["type"]
    if kind not in TYPES or f"/{kind}/" not in f"/{path}":
        return Problem(path, f"{place}: '{kind}'", UNKNOWN_LABEL)
    label, note = TYPES[kind]
    source = cells["source"]
    real = kind == "RealVideo-RealAudio"
    first = stem(path).partition("_")[0]
    original = f"{path.replace(kind, 'RealVideo-RealAudio', 1).rpartition('/')[0]}/{first}"
    return {
        "video_id": bare(path),
        "path": path,
        "label": label,
        "method": cells["method"] if label else None,
        "original_id": None if real else original,
        "group_id": source,
        "identity": source,
        "dataset": "fakeavceleb",
        "frames": None if there else 0,
        "note": note if there else ABSENT,
        "where": place,
    }
