"""From media to a face set: Parquet shards, one row a face.

A face set keeps the neighbourhood of each face with its landmarks, not the finished crop: the
crop is cut on loading by the same function as at inference, at whatever specification and jitter
the recipe asks for. Small stills are kept as the very bytes of their file.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import polars as pl

from unmask.data.manifest import check_manifest, extend, manifest_hash
from unmask.errors import DataError, MediaError
from unmask.faces import FINDERS, FaceFinder, find_faces, link_tracks, sharpness
from unmask.media import open_media
from unmask.types import Face, Image

SHARD_ROWS: Final = 1000
MAX_SIDE: Final = 384
"""Neighbourhoods are averaged down to this many pixels a side at most."""

NEIGHBOURHOOD: Final = 2.0
"""Side of a neighbourhood in sizes of the face's longer box side."""

FACE_SCHEMA: Final = extend(
    {
        "track": pl.Int32,
        "time": pl.Float64,
        "box": pl.List(pl.Float64),
        "landmarks": pl.List(pl.Float64),
        "confidence": pl.Float64,
        "size": pl.Float64,
        "sharpness": pl.Float64,
        "image": pl.Binary,
    }
)
"""``box`` and ``landmarks`` (x, y five times) are in pixels of ``image``; ``size`` is the shorter
box side in the original medium."""

FAILURE_SCHEMA: Final = pl.Schema(
    {"dataset": pl.String, "video_id": pl.String, "path": pl.String, "reason": pl.String}
)


def prepare(
    manifest: pl.DataFrame, root: Path, out: Path, *, frames: int = 32, workers: int = 2
) -> Iterator[tuple[int, int]]:
    """Write the face set of a manifest; yield (rows done, rows in all) after every shard.

    Args:
        manifest: rows to prepare, all of one dataset.
        root: folder that the manifest's paths are relative to.
        out: folder of the face set. Shards that are there already are kept.
        frames: frames sampled of a clip.
        workers: processes.

    What could not be prepared is written to ``failures.parquet`` with the reason.

    Raises:
        DataError: ``out`` holds a face set of another manifest or of other settings.
    """
    check_manifest(manifest)
    out.mkdir(parents=True, exist_ok=True)
    _stamp(out, {"manifest": manifest_hash(manifest), "frames": frames, "rows": SHARD_ROWS})
    shards = list(manifest.iter_slices(SHARD_ROWS))
    missing = [n for n in range(len(shards)) if not _shard(out, "failures", n).exists()]
    done = sum(len(shard) for n, shard in enumerate(shards) if n not in missing)
    yield done, len(manifest)
    work = partial(_prepare_shard, root=root, out=out, frames=frames)
    spawn = get_context("spawn")  # a forked Polars hangs
    with ProcessPoolExecutor(max_workers=workers, mp_context=spawn) as pool:
        for rows in pool.map(work, missing, [shards[n].to_dicts() for n in missing]):
            done += rows
            yield done, len(manifest)
    failures = pl.concat([pl.read_parquet(_shard(out, "failures", n)) for n in range(len(shards))])
    failures.write_parquet(out / "failures.parquet")


def read_faces(folder: Path) -> pl.DataFrame:
    """Return all rows of a face set.

    Raises:
        DataError: the folder holds no face set, or one that is not finished.
    """
    if not (folder / "failures.parquet").exists():
        raise DataError(f"{folder}: no finished face set there; run `unmask data prepare`")
    return pl.read_parquet(folder / "faces-*.parquet")


def read_failures(folder: Path) -> pl.DataFrame:
    """Return what could not be prepared: dataset, video_id, path and reason."""
    return pl.read_parquet(folder / "failures.parquet")


def decode_face(image: bytes) -> Image:
    """Return the picture of a face set's row, uint8 RGB [H, W, 3]."""
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _stamp(out: Path, settings: dict[str, Any]) -> None:
    path = out / "prepare.json"
    if not path.exists():
        path.write_text(json.dumps(settings, indent=1) + "\n")
    elif json.loads(path.read_text()) != settings:
        raise DataError(
            f"{out}: holds a face set of another manifest or other settings; use a new folder"
        )


def _shard(out: Path, kind: str, number: int) -> Path:
    return out / f"{kind}-{number:05d}.parquet"


def _prepare_shard(
    number: int, rows: list[dict[str, Any]], *, root: Path, out: Path, frames: int
) -> int:
    """Write one shard; the failures are written last and mark it as done."""
    cv2.setNumThreads(1)
    faces: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    for row in rows:
        try:
            found, reason = list(_faces_of(row, root, frames)), "no face found"
        except (MediaError, DataError) as error:
            found, reason = [], str(error)
        faces += found
        if not found:
            failures.append({name: row.get(name, reason) for name in FAILURE_SCHEMA})
    for kind, content in (
        ("faces", pl.DataFrame(faces, schema=FACE_SCHEMA)),
        ("failures", pl.DataFrame(failures, schema=FAILURE_SCHEMA)),
    ):
        part = out / f".{kind}-{number}.part"
        content.write_parquet(part)
        part.rename(_shard(out, kind, number))
    return len(rows)


@cache
def _finder() -> FaceFinder:
    return FINDERS["centerface"](threads=1)


@cache
def _archive(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _faces_of(row: dict[str, Any], root: Path, frames: int) -> Iterator[dict[str, Any]]:
    """Yield the face set's rows of one manifest row."""
    if row["frames"] == 0:
        raise DataError(f"{row['path']}: {row['note']}")
    stills = list(read_stills(root, row["path"]))
    if not stills:
        yield from _faces_of_clip(row, root / row["path"], frames)
    for time, data in stills:
        picture = decode_face(data)
        faces = find_faces(_finder(), picture)
        if faces:
            face = max(faces, key=lambda face: face.size)
            data_kept = data if max(picture.shape[:2]) <= MAX_SIDE else None
            timed = Face(time, face.box, face.landmarks, face.confidence)
            yield _face_row(row, timed, picture, data=data_kept)


def read_stills(root: Path, path: str) -> Iterator[tuple[float, bytes]]:
    """Yield the frame number, as time, and bytes of each picture of a still or frame folder."""
    head, _, member = path.partition(".zip/")
    if member:
        archive = _archive(root / f"{head}.zip")
        names = (
            [member]
            if member.endswith((".jpg", ".png"))
            else sorted(name for name in archive.namelist() if name.startswith(f"{member}/"))
        )
        for name in names:
            yield (
                float(Path(name).stem.partition("_")[0]) if name != member else 0.0,
                archive.read(name),
            )
    elif (root / path).is_dir():
        for picture in sorted((root / path).iterdir()):
            yield float(picture.stem.partition("_")[0]), picture.read_bytes()
    elif path.endswith((".jpg", ".jpeg", ".png")):
        yield 0.0, (root / path).read_bytes()


def _faces_of_clip(row: dict[str, Any], path: Path, frames: int) -> Iterator[dict[str, Any]]:
    """Yield the faces of the longest track of a clip."""
    pictures = {}
    found = []
    with open_media(path, frames=frames) as reader:
        for frame in reader:
            faces = find_faces(_finder(), frame.image, frame.time)
            found.append(faces)
            for face in faces:
                pictures[id(face)] = _neighbourhood(frame.image, face)
    tracks = link_tracks(found)
    for face in tracks[0].faces if tracks else ():
        picture, moved = pictures[id(face)]
        yield _face_row(row, moved, picture, size=face.size)


def _neighbourhood(image: Image, face: Face) -> tuple[Image, Face]:
    """Return the square around a face, and the face in its pixels."""
    x0, y0, x1, y1 = face.box
    centre = np.array([x0 + x1, y0 + y1]) / 2
    half = NEIGHBOURHOOD * max(x1 - x0, y1 - y0) / 2
    low = np.maximum(np.floor(centre - half), 0).astype(int)
    high = np.minimum(np.ceil(centre + half), image.shape[1::-1]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    scale = min(1.0, MAX_SIDE / max(part.shape[:2]))
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    box = ((np.reshape(face.box, (2, 2)) - low) * scale).ravel().tolist()
    return part, Face(face.time, tuple(box), (face.landmarks - low) * scale, face.confidence)


def _face_row(
    row: dict[str, Any], face: Face, picture: Image, *, data: bytes | None = None, size: float = 0
) -> dict[str, Any]:
    """Return one row; ``data`` are the encoded bytes of ``picture`` if there are any."""
    if data is None:
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        quality = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
        data = cv2.imencode(".jpg", bgr, quality)[1].tobytes()
    return {
        **row,
        "track": 0,
        "time": face.time,
        "box": list(face.box),
        "landmarks": face.landmarks.ravel().tolist(),
        "confidence": face.confidence,
        "size": size or face.size,
        "sharpness": sharpness(picture),
        "image": data,
    }
