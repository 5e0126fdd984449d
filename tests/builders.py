"""Values for the tests: a report of any kind in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.types import (
    Evidence,
    FaceScore,
    FrameCounts,
    FrameScore,
    Glimpse,
    Media,
    ModelIdentity,
    PassedOver,
    PassedReason,
    Report,
    Thresholds,
)

SHA = "3f" * 32
MODEL = ModelIdentity(name="lite", version="1.0", sha256="ab" * 32)
THRESHOLDS = Thresholds(max_false_alarm_rate=0.01, faces=1, fake=2.0, real=-1.5)

CARD: dict[str, Any] = {
    "schema_version": 1,
    "name": "lite",
    "version": "1.0",
    "description": "a network for tests",
    "licence": "Apache-2.0",
    "input": "frame",
    "crop": {"size": 160},
    "calibration": {
        "slope": 1.0,
        "replicates": [[1.0, 0.0]] * 20,
        "fitted_on": "validation zip",
        "statement": "calibrated on single frames, video level not validated",
    },
    "bands": {"pools": [{"source": "dfdc", "count": 1194, "highest": [3.2, 3.1]}]},
    "results": [
        {
            "name": "AUC",
            "value": 0.93,
            "interval": [0.91, 0.95],
            "data": "DFDC validation",
            "unit": "pictures",
            "count": 2444,
            "note": "identities resampled",
        }
    ],
    "training": {"manifest_sha256": "cd" * 32, "epochs": 4},
    "limits": ["Children were hardly seen in training."],
}


def make_media(path: str = "clip.mp4", **changes: Any) -> Media:
    facts: dict[str, Any] = {
        "path": path,
        "sha256": SHA,
        "kind": "video",
        "bytes": 4_812_345,
        "container": "mp4",
        "codec": "h264",
        "width": 1920,
        "height": 1080,
        "pixel_format": "yuv420p",
        "fps": 29.97,
        "duration": 10.01,
        "rotation": 90,
        "tags": {"encoder": "Lavf59.27.100", "creation_time": "2026-03-02T10:11:12Z"},
        "streams": ("video h264", "audio aac"),
    }
    return Media(**facts | changes)


def make_face(track: int = 0, probability: float | None = 0.95, frames: int = 8) -> FaceScore:
    rng = np.random.default_rng(track)
    middle = 0.4 if probability is None else probability
    scores = []
    for index in range(frames):
        chance = float(np.clip(middle + rng.normal(0, 0.08), 0.001, 0.999))
        left = 420.0 + 500 * track + 3 * index
        scores.append(
            FrameScore(
                time=round(10 * index / max(frames, 1), 3),
                probability=chance,
                score=float(np.log(chance / (1 - chance))),
                box=(left, 260.0, left + 210, 540.0),
                confidence=0.97,
                size=210.0,
                sharpness=float(rng.uniform(40, 200)),
            )
        )
    return FaceScore(
        track=track,
        probability=probability,
        interval=None
        if probability is None
        else (max(probability - 0.06, 0.0), min(probability + 0.03, 1.0)),
        score=None
        if probability is None
        else float(np.log(probability / (1 - probability + 1e-9))),
        frames=tuple(scores),
        note="only 3 frames of this person could be scored" if probability is None else "",
    )


def make_evidence(face: FaceScore, size: int = 160, *, cam: bool = True) -> tuple[Evidence, ...]:
    """Crops that are gradients, with a warm spot where a mouth would be."""
    ys, xs = np.mgrid[0:size, 0:size].astype(np.float32) / size
    found = []
    for index, frame in enumerate(face.frames):
        crop = np.stack([xs, ys, np.full_like(xs, 0.4 + 0.02 * index)], axis=-1)
        spot = 4 * np.exp(-((np.mgrid[0:5, 0:5] - 2.5) ** 2).sum(0) / 2).astype(np.float32) - 1
        thumbnail = np.full((180, 320, 3), 60 + 4 * index % 190, np.uint8)
        found.append(
            Evidence(
                track=face.track,
                time=frame.time,
                crop=(crop * 255).clip(0, 255).astype(np.uint8),
                cam=spot if cam else None,
                thumbnail=thumbnail,
                transform=to_crop(frame.box, size),
            )
        )
    return tuple(found)


def to_crop(box: Any, size: int) -> Any:
    """The transform from frame to crop that fits ``box`` into it."""
    left, top, right, _ = box
    scale = size / (right - left)
    return np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])


def make_glimpses(*reasons: PassedReason, frames: int = 4) -> tuple[Glimpse, ...]:
    """Sampled frames; in the first a face is passed over for each reason."""
    passed = tuple(
        PassedOver((100.0 + 40 * index, 200.0, 122.0 + 40 * index, 230.0), reason)
        for index, reason in enumerate(reasons)
    )
    grey = np.full((180, 320, 3), 90, np.uint8)
    return tuple(
        Glimpse(2.5 * index, grey, passed if index == 0 else ()) for index in range(frames)
    )


def make_report(path: str = "clip.mp4", verdict: str | None = "fake", **changes: Any) -> Report:
    """A report with a verdict (``fake``, ``real``, ``uncertain``) or, with None, an abstention."""
    probability = {"fake": 0.95, "real": 0.04, "uncertain": 0.55, None: None}[verdict]
    face = make_face(probability=probability)
    judged = verdict is not None
    values: dict[str, Any] = {
        "path": path,
        "sha256": SHA,
        "kind": "video",
        "verdict": verdict,
        "probability": probability,
        "interval": face.interval,
        "abstention": None if judged else "no_face",
        "message": "signs of face manipulation" if judged else "no face was found in 32 frames",
        "frames": FrameCounts(expected=300, decoded=300, analysed=8 if judged else 0),
        "faces": (face,) if judged else (),
        "model": MODEL,
        "seconds": 1.25,
        "score": face.score if judged else None,
        "thresholds": THRESHOLDS if judged else None,
        "media": make_media(path),
        "unmask": "0.1.0",
        "evidence": make_evidence(face) if judged else (),
    }
    return Report(**values | changes)
