"""``unmask forge``: forgeries of real faces, for training, demos and tests."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.cli._console import say
from unmask.errors import DataError, SettingError, UnmaskError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from unmask.faces import FaceFinder
    from unmask.forgery import Donor, Forged
    from unmask.types import Image, Media, Points

_EVERY_FRAME = 10**9
_DONOR_FRAMES = 8
_CLOCK = 90_000  # ticks of a second in the written clips
_STEADY = 0.06  # seconds over which landmarks are averaged, so that a forged face does not tremble
_BT601 = 6  # of H.273, as the matrix that the pictures are written by
_SHEET_PAIRS = 24


@dataclass(frozen=True)
class Made:
    """One forged file: what it was made from, where it is, and one picture of it for the sheet."""

    source: Path
    path: Path
    original: Image
    forged: Forged


def forge(
    paths: Annotated[
        list[Path], typer.Argument(help="Images, videos, or folders of them.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for what is made.")],
    method: Annotated[
        str, typer.Option(help="The forgery; an unknown name lists those there are.")
    ] = "self_blend",
    seed: Annotated[int, typer.Option(min=0, help="Same seed and same file, same forgery.")] = 0,
    donor: Annotated[
        Path | None,
        typer.Option(
            help="File with the face to put in, or a folder: the face most alike is taken."
        ),
    ] = None,
    twin: Annotated[
        bool,
        typer.Option("--twin", help="Also write the real picture, encoded as the forged one is."),
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a contact sheet: original, forged, mask."),
    ] = None,
    finder: Annotated[str, typer.Option(help="What finds the faces.")] = "centerface",
) -> None:
    """Make forgeries from pictures and clips of real faces.

    The longest-seen face of each file is forged; sound is left out. Clips say in their metadata
    that they are forged, and how. The path of each file made goes to stdout.
    """
    made: list[Made] = []
    failed = False
    files = _collect(paths)
    for result in forge_files(
        files, out, method=method, seed=seed, donor=donor, twin=twin, finder=finder
    ):
        if isinstance(result, UnmaskError):
            say(str(result))
            failed = True
        else:
            typer.echo(str(result.path))
            made = [*made, result][:_SHEET_PAIRS]
    if sheet is not None and made:
        from unmask.forgery import contact_sheet

        pairs = [(item.original, item.forged) for item in made]
        write_still(sheet, contact_sheet(pairs, [item.source.name for item in made]))
    if failed or not files:
        raise typer.Exit(2)


def forge_files(
    paths: Sequence[Path],
    out: Path,
    *,
    method: str = "self_blend",
    seed: int = 0,
    donor: Path | None = None,
    twin: bool = False,
    finder: str = "centerface",
) -> Iterator[Made | UnmaskError]:
    """Forge files one by one into the folder ``out``, as ``<name>-<method>.mp4``, .jpg or .png.

    A file that cannot be forged yields its error, and the next one follows.

    Args:
        paths: images and videos.
        out: folder, made where it is missing.
        method: name of a forgery.
        seed: with the content of a file it makes the draw, so that a file's forgery does not
            depend on the others.
        donor: file or folder to take the donor's face from.
        twin: also write ``<name>-real`` of the same kind, through the same encoder.
        finder: name of a face finder.

    Raises:
        RegistryError: no forgery or finder has that name.
        SettingError: the forgery needs a donor and got none, or two files would be written to one
            place.
        DataError: no donor's face was found.
    """
    from unmask.faces import FINDERS
    from unmask.forgery import FORGERIES

    if FORGERIES[method].needs_donor and donor is None:
        raise SettingError(f"forgery '{method}' needs a face to put in; give it by --donor")
    find = FINDERS[finder](threads=os.cpu_count() or 1)
    _check_names(paths)
    donors = _load_donors(donor, find) if donor is not None else []
    out.mkdir(parents=True, exist_ok=True)
    job = _Job(out, method, seed, donors, find, twin)
    return (_forge_or_error(path, job) for path in paths)


def write_still(path: Path, image: Image, quality: int = 95) -> None:
    """Write a picture as PNG or, by any other name, as JPEG.

    Args:
        path: where; it appears only once it is complete.
        image: uint8 RGB [H, W, 3].
        quality: of the JPEG, 0 to 100.
    """
    import cv2
    import numpy as np

    suffix = ".png" if path.suffix.lower() == ".png" else ".jpg"
    settings = [] if suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]), settings)
    with _complete(path) as part:
        part.write_bytes(data.tobytes())


def write_clip(
    path: Path, frames: Iterable[tuple[float, Image]], *, comment: str = "", crf: int = 18
) -> None:
    """Write an MP4 with H.264, one thread, so that equal frames give equal files.

    Args:
        path: where; it appears only once it is complete.
        frames: times in seconds, increasing, with uint8 RGB [H, W, 3] of one size. An odd last
            row or column is cut off, as the format wants even sides.
        comment: goes into the metadata.
        crf: constant rate factor of x264; less is better and larger.

    Raises:
        SettingError: there is no frame.
    """
    import av

    with _complete(path) as part, av.open(str(part), "w", format="mp4") as container:
        if comment:
            container.metadata["comment"] = comment
        stream = None
        for time, image in frames:
            height, width = (side - side % 2 for side in image.shape[:2])
            if stream is None:
                stream = container.add_stream(
                    "libx264", options={"crf": str(crf), "preset": "medium", "threads": "1"}
                )
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                context = stream.codec_context
                context.time_base = Fraction(1, _CLOCK)
                context.colorspace = context.color_primaries = context.color_trc = _BT601
                context.color_range = 1
            frame = av.VideoFrame.from_ndarray(image[:height, :width].copy(), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="itu601", dst_color_range=1)
            frame.pts, frame.time_base = round(time * _CLOCK), Fraction(1, _CLOCK)
            container.mux(stream.encode(frame))
        if stream is None:
            raise SettingError(f"{path}: a clip must have at least one frame. Got none")
        container.mux(stream.encode(None))


@dataclass(frozen=True)
class _Job:
    out: Path
    method: str
    seed: int
    donors: list[tuple[Path, Donor]]
    find: FaceFinder
    twin: bool


def _forge_or_error(path: Path, job: _Job) -> Made | UnmaskError:
    try:
        return _forge_one(path, job)
    except UnmaskError as error:
        return error


def _forge_one(path: Path, job: _Job) -> Made:
    import numpy as np

    from unmask.forgery import FORGERIES

    media, marks = _follow_face(path, job.find)
    middle = sorted(marks)[len(marks) // 2]
    donor = _nearest(path, job.donors, marks[middle])
    forgery = FORGERIES[job.method]
    if forgery.needs_donor and donor is None:
        raise DataError(f"{path}: there is no other face to put in; give --donor another file")
    params = forgery.draw(np.random.default_rng([job.seed, int(media.sha256[:16], 16)]))
    comment = f"forged by unmask: {job.method}, seed {job.seed}"
    kept: list[tuple[Image, Forged]] = []

    def pictures(*, forged: bool) -> Iterator[tuple[float, Image]]:
        for time, image in _frames(path):
            if time not in marks:
                yield time, image
                continue
            result = forgery.apply(image, marks[time], params, donor)
            if forged and time == middle:
                kept.append((image, result))
            yield time, result.image if forged else result.target

    suffix = ".mp4" if media.kind == "video" else ".png" if media.container == "png" else ".jpg"
    target = job.out / f"{path.stem}-{job.method}{suffix}"
    _write(target, pictures(forged=True), comment)
    if job.twin:
        _write(job.out / f"{path.stem}-real{suffix}", pictures(forged=False), "")
    return Made(path, target, *kept[0])


def _write(path: Path, pictures: Iterator[tuple[float, Image]], comment: str) -> None:
    if path.suffix == ".mp4":
        write_clip(path, pictures, comment=comment)
    else:
        write_still(path, next(pictures)[1])


def _frames(path: Path) -> Iterator[tuple[float, Image]]:
    from unmask.media import open_media

    with open_media(path, frames=_EVERY_FRAME) as reader:
        for frame in reader:
            yield frame.time, frame.image


def _follow_face(path: Path, find: FaceFinder) -> tuple[Media, dict[float, Points]]:
    """Return the facts about a file and, by time, the landmarks of its longest-seen face.

    Frames in which the finder missed the face are filled from their neighbours.

    Raises:
        DataError: no face was found.
        MediaError: the file cannot be read.
    """
    import numpy as np

    from unmask.faces import find_faces, link_tracks
    from unmask.media import open_media

    times, found = [], []
    with open_media(path, frames=_EVERY_FRAME) as reader:
        for frame in reader:
            times.append(frame.time)
            found.append(find_faces(find, frame.image, frame.time))
        media = reader.media
    tracks = link_tracks(found)
    if not tracks:
        raise DataError(f"{path}: no face was found; give a picture with a face in it")
    faces = tracks[0].faces
    seen = np.array([face.time for face in faces])
    marks = np.stack([face.landmarks for face in faces])
    steady: dict[float, Points] = {}
    for time in times:
        if seen[0] <= time <= seen[-1]:
            near = np.interp(time, seen, np.arange(len(seen)))
            around = marks[int(near)] + (near % 1) * (marks[int(np.ceil(near))] - marks[int(near)])
            weights = np.exp(-0.5 * ((seen - time) / _STEADY) ** 2)[:, None, None]
            total = float(weights.sum())
            steady[time] = (weights * marks).sum(0) / total if total > 0.5 else around
    return media, steady


def _load_donors(path: Path, find: FaceFinder) -> list[tuple[Path, Donor]]:
    """Return the largest face of each file; files without one are left out.

    Raises:
        DataError: there is no face at all.
        MediaError: the one file that was given cannot be read.
    """
    from unmask.faces import find_faces
    from unmask.forgery import Donor
    from unmask.media import open_media

    donors: list[tuple[Path, Donor]] = []
    for file in _collect([path]):
        best: tuple[float, Donor] | None = None
        try:
            with open_media(file, frames=_DONOR_FRAMES) as reader:
                for frame in reader:
                    for face in find_faces(find, frame.image, frame.time):
                        if best is None or face.size > best[0]:
                            best = face.size, Donor(frame.image, face.landmarks)
        except UnmaskError:
            if not path.is_dir():
                raise
        if best is not None:
            donors.append((file, best[1]))
    if not donors:
        raise DataError(f"{path}: no face was found; give --donor a picture with a face in it")
    return donors


def _nearest(path: Path, donors: list[tuple[Path, Donor]], landmarks: Points) -> Donor | None:
    """Return the donor most alike that is not the file itself."""
    from unmask.forgery import nearest_donor

    here = os.path.realpath(path)
    others = [donor for file, donor in donors if os.path.realpath(file) != here]
    if not others:
        return None
    return others[nearest_donor(landmarks, [donor.landmarks for donor in others])]


def _collect(paths: Iterable[Path]) -> list[Path]:
    from unmask.media import list_media

    files: dict[str, Path] = {}
    for path in paths:
        found = list_media(path) if path.is_dir() else [path]
        if not found:
            say(f"no images or videos in {path}")
        for file in found:
            files.setdefault(os.path.realpath(file), file)
    return list(files.values())


def _check_names(paths: Sequence[Path]) -> None:
    names: dict[str, Path] = {}
    for path in paths:
        other = names.setdefault(path.stem, path)
        if other != path:
            raise SettingError(
                f"{other} and {path} would be written to one file; "
                "rename one, or forge them into different folders"
            )


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, and move it there only if nothing went wrong."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
