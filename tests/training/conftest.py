"""A face set small enough to train on in a test: portraits in the public domain, and blends."""

from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest

from unmask.data.prepare import FACE_SCHEMA, FAILURE_SCHEMA
from unmask.faces import FINDERS, find_faces
from unmask.forgery import forge

REAL = Path(__file__).parents[2] / "samples" / "real"


def _rows(image, face, split, number, slot=0):
    """A real, tinted a little, and the fake made from it; of a clip, the frame at ``slot``."""
    rng = np.random.default_rng((number, slot))
    shifted = np.clip(image.astype(int) + rng.integers(-30, 30, 3), 0, 255).astype(np.uint8)
    made = forge("self_blend", shifted, face.landmarks, number)
    for label, picture in enumerate((made.target, made.image)):
        name = f"{split}{number}"
        yield {
            "video_id": f"{name}-{label}",
            "path": name,
            "label": label,
            "original_id": f"{name}-0" if label else None,
            "group_id": f"{name}-0",
            "identity": f"{split}-person{number % 3}",
            "dataset": "portraits",
            "split": split,
            "track": 0,
            "time": slot / 2,
            "slot": slot,
            "box": list(face.box),
            "landmarks": face.landmarks.ravel().tolist(),
            "confidence": face.confidence,
            "size": face.size,
            "sharpness": 1.0,
            "image": cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes(),
        }


@pytest.fixture(scope="session")
def portraits():
    """Two portraits, each with its face."""
    finder = FINDERS["centerface"]()
    found = []
    for portrait in sorted(REAL.glob("*.jpg")):
        image = cv2.cvtColor(cv2.imread(str(portrait)), cv2.COLOR_BGR2RGB)
        image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        found.append((image, max(find_faces(finder, image), key=lambda face: face.size)))
    return found


def _write(folder, rows):
    frame = pl.DataFrame([{k: r.get(k) for k in FACE_SCHEMA} for r in rows], schema=FACE_SCHEMA)
    frame.write_parquet(folder / "faces-00000.parquet")
    pl.DataFrame(schema=FAILURE_SCHEMA).write_parquet(folder / "failures.parquet")
    (folder / "prepare.json").write_text('{"manifest": "0123"}')
    return folder


@pytest.fixture(scope="session")
def face_set(portraits, tmp_path_factory):
    """The folder of a face set with 12 pairs to train on and 6 in dev."""
    rows = []
    for image, face in portraits:
        for split, count in (("train", 6), ("dev", 3)):
            start = len(rows)
            rows += [r for n in range(count) for r in _rows(image, face, split, start + n)]
    return _write(tmp_path_factory.mktemp("faces"), rows)


@pytest.fixture(scope="session")
def clip_set(portraits, tmp_path_factory):
    """The folder of a face set of clips: 4 pairs to train on, 2 in dev; the third slot is empty."""
    rows = []
    for person, (image, face) in enumerate(portraits):
        for split, count in (("train", 2), ("dev", 1)):
            for number in range(count):
                for slot in (0, 1, 3, 4):
                    rows += _rows(image, face, split, 10 * person + number, slot)
    return _write(tmp_path_factory.mktemp("clips"), rows)
