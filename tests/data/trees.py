"""A small tree in the layout of each dataset, with what must be read out of it.

Videos are empty files: reading a layout opens none of them. Pictures are tiny but real.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from unmask.data.sources import base

PICTURE = cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))[1].tobytes()
TREES: dict[str, Callable[[Path], Expected]] = {}


@dataclass(frozen=True)
class Expected:
    """What a tree holds.

    Attributes:
        source: the source that must recognise it.
        rows: video_id -> (label, group_id, split, original_id).
        problems: (path, reason), in any order.
        values: video_id -> some of its other columns.
    """

    source: str
    rows: dict[str, tuple[int, str, str | None, str | None]]
    problems: set[tuple[str, str]] = field(default_factory=set)
    values: dict[str, dict[str, object]] = field(default_factory=dict)


def tree(builder: Callable[[Path], Expected]) -> Callable[[Path], Expected]:
    """Enter a builder under its name."""
    TREES[builder.__name__] = builder
    return builder


def write(root: Path, *names: str, data: bytes | str | object = b"") -> None:
    """Write the same content to files: bytes, text, or an object as JSON; pictures if empty."""
    if not isinstance(data, bytes | str):
        data = json.dumps(data)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = data.encode() if isinstance(data, str) else data
        path.write_bytes(content or (PICTURE if path.suffix in (".png", ".jpg") else b""))


def zipped(path: Path, *names: str, **texts: str) -> None:
    """Write a zip of pictures and empty videos, and of text files (``__`` for a dot or slash)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, PICTURE if name.endswith((".png", ".jpg")) else b"")
        for name, text in texts.items():
            archive.writestr(name, text)


def tarred(path: Path, *names: str) -> None:
    """Write a gzipped tar of pictures, its names starting with ``./`` as WildDeepfake's do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(PICTURE)
            archive.addfile(info, io.BytesIO(PICTURE))


FACES = "deepfake-detection-faces-part-0-"
FACES_HEADER = "filename,split,original,label\n"


def capstone(root: Path, *, packed: bool) -> Expected:
    """The capstone's batches: repeated header, missing folder, unknown label, stray folder, …"""
    first = (
        f"{FACES_HEADER}a.mp4,train,,REAL\nb.mp4,train,a.mp4,FAKE\n{FACES_HEADER}"
        "gone.mp4,train,,REAL\nodd.mp4,train,,MAYBE\n,train,,REAL\nlone.mp4,train,z.mp4,FAKE\n"
        "both.mp4,train,,REAL\n"
    )
    second = f"{FACES_HEADER}c.mp4,train,,REAL\na.mp4,train,,REAL\nboth.mp4,train,a.mp4,FAKE\n"
    batches = {
        f"{FACES}0": (first, ["a/0.png", "a/10.png", "a/10_1.png", "b/0.png", "odd/0.png"]),
        f"{FACES}1": (second, ["c/0.png", "stray/0.png", "lone/0.png", "both/0.png"]),
    }
    batches[f"{FACES}0"][1].append("lone/5.png")
    for name, (metadata, pictures) in batches.items():
        if packed:
            zipped(root / f"{name}.zip", *pictures, **{"metadata.csv": metadata})
        else:
            write(root / name, *pictures)
            write(root / name, "metadata.csv", data=metadata)
    write(root, "splits.csv", data="videoname,split,identity\nc.mp4,val,p7\nb.mp4,trian,\n")
    end = ".zip" if packed else ""
    return Expected(
        source="dfdc-faces",
        rows={
            "a": (0, "a", "train", None),
            "b": (1, "a", None, "a"),
            "c": (0, "c", "val", None),
            "gone": (0, "gone", "train", None),
            "lone": (1, "z", "train", "z"),
        },
        problems={
            (f"{FACES}0{end}/metadata.csv", base.HEADER_AGAIN),
            (f"{FACES}0{end}/metadata.csv", base.NO_NAME),
            (f"{FACES}0{end}/odd", base.UNKNOWN_LABEL),
            (f"{FACES}1{end}/stray", base.NOT_LISTED),
            (f"{FACES}1{end}/lone", base.NOT_LISTED),
            (f"{FACES}0{end}/gone", base.ABSENT),
            (f"{FACES}0{end}/lone", base.NO_ORIGINAL),
            (f"{FACES}1{end}/a", base.TWICE),
            (f"{FACES}0{end}/both", base.LABELS_DIFFER),
            (f"{FACES}1{end}/both", base.LABELS_DIFFER),
            (f"{FACES}0{end}/b", base.UNKNOWN_SPLIT),
        },
        values={
            "a": {"frames": 3, "path": f"{FACES}0{end}/a"},
            "c": {"identity": "p7"},
            "gone": {"frames": 0, "note": base.ABSENT},
        },
    )


@tree
def dfdc_faces_zips(root: Path) -> Expected:
    return capstone(root, packed=True)


@tree
def dfdc_faces_folders(root: Path) -> Expected:
    return capstone(root, packed=False)


@tree
def dfdc_faces_flat(root: Path) -> Expected:
    write(root, "faces_224/a.jpg", "faces_224/b.jpg", "faces_224/stray.jpg", "faces_155/a.jpg")
    write(
        root,
        "metadata.csv",
        data="videoname,original_width,original_height,label,original\n"
        "a.mp4,155,160,REAL,\nb.mp4,90,91,FAKE,a.mp4\ngone.mp4,1,1,REAL,\n",
    )
    return Expected(
        source="dfdc-faces",
        rows={
            "a": (0, "a", None, None),
            "b": (1, "a", None, "a"),
            "gone": (0, "gone", None, None),
        },
        problems={
            ("faces_155", "another size of the same faces: left out"),
            ("faces_224/gone.jpg", base.ABSENT),
            ("faces_224/stray.jpg", base.NOT_LISTED),
        },
        values={"b": {"path": "faces_224/b.jpg", "frames": 1}},
    )


def dfdc_metadata(**videos: str | None) -> str:
    """DFDC's JSON: name -> its original if it is fake, None if it is real."""
    entries = {
        f"{name}.mp4": {"label": "FAKE", "split": "train", "original": f"{original}.mp4"}
        if original
        else {"label": "REAL", "split": "train"}
        for name, original in videos.items()
    }
    return json.dumps(entries)


@tree
def dfdc_full(root: Path) -> Expected:
    write(root, *(f"dfdc_train_part_0/{name}.mp4" for name in ("a", "b", "stray")))
    write(root, "dfdc_train_part_0/metadata.json", data=dfdc_metadata(a=None, b="a", gone=None))
    inner = "dfdc_train_part_1"
    text = dfdc_metadata(c=None, d="elsewhere", e=None)[:-1] + ', "e.mp4": {"label": "ODD"}}'
    videos = [f"{inner}/{name}.mp4" for name in ("c", "d", "e")]
    zipped(root / "dfdc_train_part_01.zip", *videos, **{f"{inner}/metadata.json": text})
    (root / "dfdc_train_part_02.zip").write_bytes(b"no zip")
    write(root, "dfdc_train_part_3/dfdc_train_part_3/f.mp4")
    write(root, "dfdc_train_part_3/dfdc_train_part_3/metadata.json", data=dfdc_metadata(f=None))
    write(root, "test/t1.mp4", "test/t2.mp4", "extra/x.mp4")
    write(root, "test/labels.csv", data="filename,label\nt1.mp4,0\nt2.mp4,1\nt3.mp4,1\n")
    packed = f"dfdc_train_part_01.zip/{inner}"
    return Expected(
        source="dfdc",
        rows={
            "a": (0, "a", "train", None),
            "b": (1, "a", "train", "a"),
            "gone": (0, "gone", "train", None),
            "c": (0, "c", "train", None),
            "d": (1, "elsewhere", "train", "elsewhere"),
            "e": (0, "e", "train", None),
            "f": (0, "f", "train", None),
            "t1": (0, "t1", "test", None),
            "t2": (1, "t2", "test", None),
            "t3": (1, "t3", "test", None),
        },
        problems={
            ("dfdc_train_part_0/stray.mp4", base.NOT_LISTED),
            ("dfdc_train_part_0/gone.mp4", base.ABSENT),
            ("dfdc_train_part_02.zip", base.UNREADABLE),
            (f"{packed}/d.mp4", base.NO_ORIGINAL),
            (f"{packed}/e.mp4", base.UNKNOWN_LABEL),
            ("test/t3.mp4", base.ABSENT),
            ("extra/x.mp4", base.STRAY),
        },
        values={"c": {"path": f"{packed}/c.mp4", "frames": None}},
    )


@tree
def dfdc_kaggle_sample(root: Path) -> Expected:
    write(root, "train_sample_videos/a.mp4", "train_sample_videos/b.mp4", "test_videos/t.mp4")
    write(root, "train_sample_videos/metadata.json", data=dfdc_metadata(a=None, b="a"))
    return Expected(
        source="dfdc",
        rows={"a": (0, "a", "train", None), "b": (1, "a", "train", "a")},
        problems={("test_videos/t.mp4", base.NOT_LISTED)},
    )


@tree
def dfdc_one_part(root: Path) -> Expected:
    write(root, "a.mp4", "b.mp4")
    write(root, "metadata.json", data=dfdc_metadata(a=None, b="a"))
    return Expected(source="dfdc", rows={"a": (0, "a", "train", None), "b": (1, "a", "train", "a")})


@tree
def dfdc_preview(root: Path) -> Expected:
    real, other = "original_videos/100/100_A_001.mp4", "original_videos/300/300_B_002.mp4"
    fake = "method_A/100/100_A/200_100_A_001.mp4"
    cut = "method_B/300/300_B/200_300_B_002.mp4"
    gone, stray = "method_B/300/300_B/100_300_B_009.mp4", "method_A/9/9_A/1_9_A_001.mp4"
    strange = "method_A/100/100_A/strange.mp4"
    write(root, real, other, fake, cut, stray, strange)
    listing = {
        real: {"label": "real", "set": "train"},
        fake: {"label": "fake", "set": "train"},
        other: {"label": "real", "set": "test"},
        cut: {"label": "fake", "set": "train"},
        gone: {"label": "fake", "set": "test"},
        strange: {"label": "fake", "set": "train"},
    }
    write(root, "dataset.json", data=listing)
    return Expected(
        source="dfdc-preview",
        rows={
            "100_A_001": (0, "100_A_001", "train", None),
            "200_100_A_001": (1, "100_A_001", "train", "100_A_001"),
            "300_B_002": (0, "300_B_002", "test", None),
            "200_300_B_002": (1, "300_B_002", None, "300_B_002"),
            "100_300_B_009": (1, "300_B_009", "test", "300_B_009"),
            "strange": (1, "strange", "train", None),
        },
        problems={
            (cut, base.CUT),
            (gone, base.ABSENT),
            (gone, base.NO_ORIGINAL),
            (stray, base.NOT_LISTED),
            (strange, base.UNKNOWN_NAME),
        },
        values={"200_100_A_001": {"identity": "100", "method": "method_A"}},
    )


REALS, FAKES = "original_sequences", "manipulated_sequences"


def ffpp_files(*, dfd: bool) -> list[str]:
    names = [
        f"{REALS}/youtube/{level}/videos/{name}.mp4"
        for level in ("c23", "c40")
        for name in ("000", "003", "010")
    ]
    names += [
        f"{FAKES}/Deepfakes/c23/videos/000_003.mp4",
        f"{FAKES}/FaceSwap/c23/videos/000_003.mp4",
        f"{FAKES}/Deepfakes/c40/videos/003_000.mp4",
        f"{FAKES}/Deepfakes/masks/videos/000_003.mp4",
    ]
    actors = [
        f"{REALS}/actors/c23/videos/01__walk_down.mp4",
        f"{FAKES}/DeepFakeDetection/c23/videos/01_02__walk_down__ABCDEFGH.mp4",
        f"{FAKES}/DeepFakeDetection/masks/videos/01_02__walk_down__ABCDEFGH.mp4",
    ]
    return names + (actors if dfd else [])


DFD_ROWS: dict[str, tuple[int, str, str | None, str | None]] = {
    "actors/c23/01__walk_down": (0, "01__walk_down", None, None),
    "DeepFakeDetection/c23/01_02__walk_down__ABCDEFGH": (
        1,
        "01__walk_down",
        None,
        "actors/c23/01__walk_down",
    ),
}


@tree
def ffpp(root: Path) -> Expected:
    """All compressions, the official split, DFD in the same tree."""
    write(root, *ffpp_files(dfd=True))
    lone, odd = f"{FAKES}/Deepfakes/c23/videos/077_078.mp4", f"{FAKES}/FaceSwap/c23/videos/odd.mp4"
    raw = f"{REALS}/youtube/c23/000.mp4"
    write(root, lone, odd, raw, f"{REALS}/youtube/c23/images/000/0001.png")
    write(root, "train.json", data=[["000", "003"]])
    write(root, "test.json", data=[["010", "011"]])
    reals = {
        f"{REALS}/youtube/{level}/{name}": (0, group, split, None)
        for level in ("c23", "c40")
        for name, group, split in (
            ("000", "000", "train"),
            ("003", "000", "train"),
            ("010", "010", "test"),
        )
    }
    target, source = f"{REALS}/youtube/c23/000", f"{REALS}/youtube/c40/003"
    return Expected(
        source="ffpp",
        rows={
            **reals,
            f"{FAKES}/Deepfakes/c23/000_003": (1, "000", "train", target),
            f"{FAKES}/FaceSwap/c23/000_003": (1, "000", "train", target),
            f"{FAKES}/Deepfakes/c40/003_000": (1, "000", "train", source),
            f"{FAKES}/Deepfakes/c23/077_078": (1, "077", None, f"{REALS}/youtube/c23/077"),
            f"{FAKES}/FaceSwap/c23/odd": (1, "odd", None, None),
            **DFD_ROWS,
        },
        problems={
            (lone, base.NO_SPLIT),
            (lone, base.NO_ORIGINAL),
            (odd, base.NO_SPLIT),
            (odd, base.UNKNOWN_NAME),
            (raw, base.STRAY),
            (f"{REALS}/youtube/c23/images/000", base.STRAY),
        },
        values={
            f"{FAKES}/Deepfakes/c23/000_003": {
                "compression": "c23",
                "method": "Deepfakes",
                "dataset": "ffpp",
                "note": f"mask: {FAKES}/Deepfakes/masks/videos/000_003.mp4",
            },
            f"{REALS}/youtube/c40/003": {"compression": "c40", "method": None, "note": None},
            "actors/c23/01__walk_down": {"dataset": "dfd", "identity": "01"},
        },
    )


@tree
def ffpp_without_split(root: Path) -> Expected:
    write(root, f"{REALS}/youtube/raw/videos/000.mp4", f"{FAKES}/Deepfakes/raw/videos/000_003.mp4")
    original = f"{REALS}/youtube/raw/000"
    return Expected(
        source="ffpp",
        rows={
            original: (0, "000", None, None),
            f"{FAKES}/Deepfakes/raw/000_003": (1, "000", None, original),
        },
        problems={("train.json", "no official split files: no row has a split")},
    )


@tree
def dfd(root: Path) -> Expected:
    write(root, *(name for name in ffpp_files(dfd=True) if "Detection" in name or "actors" in name))
    odd = f"{FAKES}/DeepFakeDetection/c23/videos/odd.mp4"
    write(root, odd)
    return Expected(
        source="dfd",
        rows={**DFD_ROWS, "DeepFakeDetection/c23/odd": (1, "odd", None, None)},
        problems={(odd, base.UNKNOWN_NAME)},
        values={
            "DeepFakeDetection/c23/01_02__walk_down__ABCDEFGH": {
                "identity": "01",
                "note": f"mask: {FAKES}/DeepFakeDetection/masks/videos/"
                "01_02__walk_down__ABCDEFGH.mp4",
            }
        },
    )


@tree
def celeb_df_v2(root: Path) -> Expected:
    """The list has 1 = real, no header, and draws a fake of a training video."""
    write(root, *(f"Celeb-real/{name}.mp4" for name in ("id0_0000", "id1_0007", "id2_0003")))
    write(root, "YouTube-real/00170.mp4", "elsewhere/x.mp4")
    names = ("id0_id1_0000", "id1_id2_0007", "id2_id0_0003", "id9_id1_0001", "odd")
    write(root, *(f"Celeb-synthesis/{name}.mp4" for name in names))
    listing = [
        "1 YouTube-real/00170.mp4",
        "0 Celeb-synthesis/id0_id1_0000.mp4",
        "1 Celeb-real/id1_0007.mp4",
        "0 Celeb-synthesis/id1_id2_0007.mp4",
        "1 Celeb-synthesis/id2_id0_0003.mp4",
        "0 Celeb-synthesis/id5_id1_0002.mp4",
        "what is this",
    ]
    write(root, "List_of_testing_videos.txt", data="\n".join(listing) + "\n")
    return Expected(
        source="celeb-df",
        rows={
            "YouTube-real/00170": (0, "YouTube-real/00170", "test", None),
            "Celeb-real/id0_0000": (0, "Celeb-real/id0_0000", None, None),
            "Celeb-real/id1_0007": (0, "Celeb-real/id1_0007", "test", None),
            "Celeb-real/id2_0003": (0, "Celeb-real/id2_0003", "train", None),
            "Celeb-synthesis/id0_id1_0000": (
                1,
                "Celeb-real/id0_0000",
                "test",
                "Celeb-real/id0_0000",
            ),
            "Celeb-synthesis/id1_id2_0007": (
                1,
                "Celeb-real/id1_0007",
                "test",
                "Celeb-real/id1_0007",
            ),
            "Celeb-synthesis/id5_id1_0002": (
                1,
                "Celeb-real/id5_0002",
                "test",
                "Celeb-real/id5_0002",
            ),
            "Celeb-synthesis/id9_id1_0001": (
                1,
                "Celeb-real/id9_0001",
                "train",
                "Celeb-real/id9_0001",
            ),
            "Celeb-synthesis/odd": (1, "Celeb-synthesis/odd", "train", None),
        },
        problems={
            ("Celeb-real/id0_0000.mp4", base.CUT),
            ("Celeb-synthesis/id5_id1_0002.mp4", base.ABSENT),
            ("Celeb-synthesis/id5_id1_0002.mp4", base.NO_ORIGINAL),
            ("Celeb-synthesis/id9_id1_0001.mp4", base.NO_ORIGINAL),
            ("Celeb-synthesis/odd.mp4", base.UNKNOWN_NAME),
            ("Celeb-synthesis/id2_id0_0003.mp4", base.LABEL_CONTRADICTS),
            ("what is this", "cannot be understood: left out"),
            ("elsewhere/x.mp4", base.STRAY),
        },
        values={"Celeb-real/id1_0007": {"identity": "id1", "dataset": "celeb-df-v2"}},
    )


@tree
def celeb_df_plus(root: Path) -> Expected:
    """Without the list, with videos/ in the folders of reals."""
    write(root, "Celeb-real/videos/id0_0000.mp4", "Celeb-real/videos/id0_0001.mp4")
    fakes = ("FaceSwap/BlendFace/id0_id1_0000", "TalkingFace/FLOAT/id0_0001_x")
    write(root, *(f"Celeb-synthesis/{name}.mp4" for name in fakes))
    return Expected(
        source="celeb-df",
        rows={
            "Celeb-real/id0_0000": (0, "Celeb-real/id0_0000", None, None),
            "Celeb-real/id0_0001": (0, "Celeb-real/id0_0001", None, None),
            **{
                f"Celeb-synthesis/{name}": (1, original, None, original)
                for name, original in zip(
                    fakes, ("Celeb-real/id0_0000", "Celeb-real/id0_0001"), strict=True
                )
            },
        },
        problems={
            ("List_of_testing_videos.txt", "no official test list: no row has a split"),
        },
        values={
            "Celeb-synthesis/TalkingFace/FLOAT/id0_0001_x": {
                "method": "TalkingFace/FLOAT",
                "dataset": "celeb-df++",
                "identity": "id0",
            },
            "Celeb-real/id0_0000": {"path": "Celeb-real/videos/id0_0000.mp4"},
        },
    )


@tree
def df40(root: Path) -> Expected:
    frames = {
        "DF40_train/simswap/frames/000_003": ("000.png", "001.png"),
        "DF40/simswap/ff/frames/010_011": ("000.png",),
        "DF40/simswap/cdf/frames/id0_id1_0000": ("000.png",),
        "DF40/heygen/fake/vid1": ("0.png", "8.png", "9.png"),
        "DF40/heygen/real/vid1": ("0.png",),
    }
    for folder, names in frames.items():
        write(root / folder, *names)
    still, clip = "DF40/ddim/ff/003.png", "DF40_train/ddim/ff/videos/011_010.mp4"
    write(root, still, clip, "DF40/loose.png", "DF40/simswap/ff/landmarks/010_011/0.png")
    return Expected(
        source="df40",
        rows={
            "DF40_train/simswap/frames/000_003": (1, "ff/000", None, None),
            still: (1, "ff/000", "test", None),
            clip: (1, "ff/010", None, None),
            "DF40/simswap/ff/frames/010_011": (1, "ff/010", "test", None),
            "DF40/simswap/cdf/frames/id0_id1_0000": (1, "cdf/id0_0000", "test", None),
            "DF40/heygen/fake/vid1": (1, "heygen/vid1", "test", None),
            "DF40/heygen/real/vid1": (0, "heygen/vid1", "test", None),
        },
        problems={
            ("DF40_train/simswap/frames/000_003", base.CUT),
            (clip, base.CUT),
            ("DF40", base.STRAY),
        },
        values={
            "DF40/heygen/fake/vid1": {"frames": 3, "method": "heygen"},
            still: {"frames": 1},
            clip: {"frames": None},
        },
    )


@tree
def fakeavceleb(root: Path) -> Expected:
    kinds = {
        "RealVideo-RealAudio": "00109",
        "RealVideo-FakeAudio": "00109_fake",
        "FakeVideo-RealAudio": "00109_id00166",
        "FakeVideo-FakeAudio": "00109_0_id00166_wavtolip",
    }
    lines, rows = [], {}
    for kind, name in kinds.items():
        folder = f"{kind}/African/men/id00076"
        write(root, f"{folder}/{name}.mp4")
        method = "real" if kind == "RealVideo-RealAudio" else "wav2lip"
        lines.append(f"id00076,-,-,{method},A,{kind},African,men,{name}.mp4,FakeAVCeleb/{folder}")
        original = "RealVideo-RealAudio/African/men/id00076/00109"
        rows[f"{folder}/{name}"] = (
            int(kind.startswith("Fake")),
            "id00076",
            None,
            None if kind == "RealVideo-RealAudio" else original,
        )
    gone, odd = "FakeVideo-RealAudio/African/men/id00078", "FakeVideo-RealAudio/Asian/men/id1"
    lines.append(f"id00078,-,-,fsgan,C,FakeVideo-RealAudio,African,men,0_1.mp4,FakeAVCeleb/{gone}")
    lines.append(f"id1,-,-,real,A,RealVideo-RealAudio,Asian,men,2.mp4,FakeAVCeleb/{odd}")
    header = "source,target1,target2,method,category,type,race,gender,path,"
    write(root, "meta_data.csv", data="\n".join([header, *lines]) + "\n")
    stray = "FakeVideo-FakeAudio/African/men/id00076/stray.mp4"
    write(root, stray, f"{odd}/2.mp4")
    rows[f"{gone}/0_1"] = (1, "id00078", None, "RealVideo-RealAudio/African/men/id00078/0")
    audio = "RealVideo-FakeAudio/African/men/id00076/00109_fake"
    return Expected(
        source="fakeavceleb",
        rows=rows,
        problems={
            (stray, base.NOT_LISTED),
            (f"{gone}/0_1.mp4", base.ABSENT),
            (f"{gone}/0_1.mp4", base.NO_ORIGINAL),
            (f"{odd}/2.mp4", base.UNKNOWN_LABEL),
        },
        values={
            audio: {
                "note": "its sound is fake, its picture is real",
                "identity": "id00076",
                "method": None,
            }
        },
    )


@tree
def wilddeepfake(root: Path) -> Expected:
    home = "deepfake_in_the_wild"
    tarred(
        root / home / "fake_train/0.tar.gz", "0/fake/3/1.png", "0/fake/3/9.png", "0/fake/4/2.png"
    )
    tarred(root / home / "real_test/0.tar.gz", "0/real/7/5.png")
    write(root, f"{home}/real train/12/real/1/0.png", f"{home}/real train/12/real/1/3.png")
    write(root, f"{home}/fake_test/1.tar.gz", data=b"no archive")
    write(root, f"{home}/fake_test/loose.png", "elsewhere.mp4")
    fake = f"{home}/fake_train/0.tar.gz/0/fake"
    real = f"{home}/real_test/0.tar.gz/0/real/7"
    return Expected(
        source="wilddeepfake",
        rows={
            f"{fake}/3": (1, "fake_train/0", "train", None),
            f"{fake}/4": (1, "fake_train/0", "train", None),
            real: (0, "real_test/0", "test", None),
            f"{home}/real train/12/real/1": (0, "real_train/12", "train", None),
        },
        problems={
            (f"{home}/fake_test/1.tar.gz", base.UNREADABLE),
            (f"{home}/fake_test", base.STRAY),
            ("elsewhere.mp4", base.STRAY),
        },
        values={f"{fake}/3": {"frames": 2}},
    )


@tree
def ffiw(root: Path) -> Expected:
    home = "FFIW10K-v1-release"
    names = [f"{kind}/{split}" for kind in ("source", "target") for split in ("train", "test")]
    write(root / home, *(f"{name}/videos/{name[7:]}_0001.mp4" for name in names))
    write(root / home, "source/val/val_0000.mp4", "source/odd/x.mp4")
    write(root / home, "target_mask/test/videos/test_0001.mp4")
    rows: dict[str, tuple[int, str, str | None, str | None]] = {
        f"{home}/{name}/{name[7:]}_0001": (
            int(name.startswith("target")),
            f"{name[7:]}/{name[7:]}_0001",
            name[7:],
            None,
        )
        for name in names
    }
    rows[f"{home}/source/val/val_0000"] = (0, "val/val_0000", "val", None)
    return Expected(
        source="ffiw",
        rows=rows,
        problems={(f"{home}/source/odd/x.mp4", base.STRAY)},
        values={
            f"{home}/target/test/test_0001": {
                "note": f"mask: {home}/target_mask/test/videos/test_0001.mp4"
            }
        },
    )


@tree
def deepfakebench(root: Path) -> Expected:
    """Windows paths from elsewhere; Celeb-DF's test videos in all three splits."""

    def video(label: str, folder: str, count: int = 2) -> dict[str, object]:
        return {"label": label, "frames": [f"X:\\rgb\\{folder}\\{n}.png" for n in range(count)]}

    real, fake = "FF/youtube/c23/frames/000", "FF/Deepfakes/c23/frames/000_003"
    celeb, celeb_fake = "Celeb/Celeb-real/frames/id0_0000", "Celeb/syn/frames/id0_id1_0000"
    for folder in (real, fake, celeb, celeb_fake):
        write(root, f"{folder}/0.png".replace("\\", "/"), f"{folder}/1.png")
    folders = [folder.replace("/", "\\") for folder in (real, fake, celeb, celeb_fake)]
    ff_real = {"train": {"c23": {"000": video("FF-real", folders[0])}}}
    ff_fake = {"train": {"c23": {"000_003": video("FF-DF", folders[1])}}}
    write(
        root,
        "dataset_json/FF-DF.json",
        data={"FF-DF": {"FF-real": ff_real, "FF-DF": ff_fake}},
    )
    gone = {"id2_id3_0000": video("CelebDFv2_fake", "Celeb\\syn\\frames\\id2_id3_0000")}
    in_all = {"id0_id1_0000": video("CelebDFv2_fake", folders[3])}
    everywhere = {"train": {**in_all, **gone}, "val": in_all, "test": in_all}
    reals = {"train": {"id0_0000": video("CelebDFv2_real", folders[2])}}
    odd = {"train": {"odd": video("strange", "Celeb\\odd")}}
    celebs = {"CelebDFv2_real": reals, "CelebDFv2_fake": everywhere, "strange": odd}
    write(root, "dataset_json/Celeb-DF-v2.json", data={"Celeb-DF-v2": celebs})
    return Expected(
        source="deepfakebench",
        rows={
            "FF-real/c23/000": (0, "000", "train", None),
            "FF-DF/c23/000_003": (1, "000", "train", "FF-real/c23/000"),
            "CelebDFv2_real/id0_0000": (0, "id0_0000", None, None),
            "CelebDFv2_fake/id0_id1_0000": (1, "id0_0000", "test", "CelebDFv2_real/id0_0000"),
            "CelebDFv2_fake/id2_id3_0000": (1, "id2_0000", "train", "CelebDFv2_real/id2_0000"),
        },
        problems={
            (celeb, base.CUT),
            (celeb_fake, base.CUT),
            (celeb_fake, base.TWICE),
            ("Celeb/syn/frames/id2_id3_0000", base.ABSENT),
            ("Celeb/syn/frames/id2_id3_0000", base.NO_ORIGINAL),
            ("Celeb/odd", base.UNKNOWN_LABEL),
        },
        values={
            "FF-DF/c23/000_003": {
                "path": fake,
                "frames": 2,
                "compression": "c23",
                "dataset": "FaceForensics++",
            }
        },
    )


@tree
def real_fake(root: Path) -> Expected:
    write(root, "Real/a.jpg", "Real/set/b.mp4", "Real/clip/0.png", "Real/clip/12.png")
    write(root, "fake/a.jpg", "fake/deep/er/c.webm", "fake/notes.txt", "other/x.mp4")
    return Expected(
        source="real-fake",
        rows={
            "Real/a.jpg": (0, "a", None, None),
            "Real/set/b.mp4": (0, "set/b", None, None),
            "Real/clip": (0, "clip", None, None),
            "fake/a.jpg": (1, "a", None, "Real/a.jpg"),
            "fake/deep/er/c.webm": (1, "deep/er/c", None, None),
        },
        problems={("other/x.mp4", base.STRAY)},
        values={"Real/clip": {"frames": 2}, "Real/set/b.mp4": {"frames": None}},
    )


@tree
def real_fake_split(root: Path) -> Expected:
    write(root, *(f"{s}/{kind}/1.jpg" for s in ("train", "test") for kind in ("real", "fake")))
    return Expected(
        source="real-fake",
        rows={
            f"{split}/{kind}/1.jpg": (label, f"{split}/1", split, original)
            for split in ("train", "test")
            for kind, label, original in (
                ("real", 0, None),
                ("fake", 1, f"{split}/real/1.jpg"),
            )
        },
    )


@tree
def labelled(root: Path) -> Expected:
    write(root, "b.jpg", "x/o.mp4", "x/f.mp4", "stray.mp4")
    write(
        root,
        "labels.csv",
        data="file,label,original,method,split,note\n"
        "x/a.mp4,FAKE,z.mp4,swap,external,\nb.jpg,REAL,,,val,a note\n"
        "x/o.mp4,REAL,,,train,\nx/f.mp4,fake,o.mp4,swap,train,\nq.mp4,?,,,,\n",
    )
    return Expected(
        source="labelled",
        rows={
            "x/a": (1, "z", "external", "z"),
            "b": (0, "b", "val", None),
            "x/o": (0, "o", "train", None),
            "x/f": (1, "o", "train", "x/o"),
        },
        problems={
            ("x/a.mp4", base.ABSENT),
            ("x/a.mp4", base.NO_ORIGINAL),
            ("q.mp4", base.UNKNOWN_LABEL),
            ("stray.mp4", base.NOT_LISTED),
        },
        values={"b": {"note": "a note"}, "x/a": {"frames": 0, "method": "swap"}},
    )


@tree
def utkface(root: Path) -> Expected:
    names = ("26_1_3_20170104232131633", "80_0_0_20170104232131634")
    zipped(root / "faces.zip", f"train/{names[0]}.jpg", f"val/{names[1]}.jpg", "val/readme.jpg")
    return Expected(
        source="utkface",
        rows={names[0]: (0, names[0], "train", None), names[1]: (0, names[1], "val", None)},
        problems={("faces.zip/val", base.STRAY)},
        values={names[0]: {"frames": 1, "path": f"faces.zip/train/{names[0]}.jpg"}},
    )
