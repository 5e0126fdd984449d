"""What cannot be judged is said so, with its reason and its cure, and carries no score."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

import media_files as files
from bundles import tiny_bundle
from unmask.detect import Predictor, Settings
from unmask.media import Limits
from unmask.types import Report

GREY = np.full((512, 512, 3), 128, np.uint8)


def check_abstention(report: Report, reason: str, *said: str) -> None:
    """The report abstains for ``reason``, says ``said`` in one line, and has no score anywhere."""
    assert report.abstention == reason
    for words in said:
        assert words in report.message
    assert "\n" not in report.message
    assert report.verdict is None
    assert (report.score, report.probability, report.interval) == (None, None, None)
    assert report.thresholds is None
    assert report.faces == ()
    assert report.evidence == ()
    assert report.frames.analysed == 0
    assert numbers_under(report.to_json(), ("score", "probability", "interval")) == []


def numbers_under(value: object, names: tuple[str, ...]) -> list[object]:
    """All values but None that stand under one of ``names``, at any depth."""
    if isinstance(value, dict):
        here = [value[name] for name in names if value.get(name) is not None]
        return here + [found for part in value.values() for found in numbers_under(part, names)]
    if isinstance(value, list):
        return [found for part in value for found in numbers_under(part, names)]
    return []


def test_a_still_without_a_face(predictor, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    report = predictor.detect(files.write_still(tmp_path / "noise.png", noise))
    check_abstention(report, "no_face", "unmask judges faces only")
    assert len(report.glimpses) == 1
    assert report.sha256 is not None
    assert report.media is not None
    assert report.frames.decoded == 1


def test_a_clip_without_a_face(predictor, clip):
    report = predictor.detect(clip(*[GREY] * 6))
    check_abstention(report, "no_face")
    assert report.frames.model_dump() == {"expected": 6, "decoded": 6, "analysed": 0}


def test_a_face_below_the_least_size(predictor, tmp_path, astronaut):
    small = cv2.resize(astronaut, (170, 170), interpolation=cv2.INTER_AREA)  # the face is 29 wide
    report = predictor.detect(files.write_still(tmp_path / "small.png", small))
    check_abstention(report, "face_too_small", "smaller than 40 pixels", "--min-face")
    assert report.notes == ("1 face in the sampled frames too small to score",)


def test_the_least_size_can_be_lowered(bundle, tmp_path, astronaut):
    small = cv2.resize(astronaut, (170, 170), interpolation=cv2.INTER_AREA)
    path = files.write_still(tmp_path / "small.png", small)
    assert Predictor(bundle, Settings(min_face=25)).detect(path).verdict is not None


def test_a_face_cut_by_the_edge(tmp_path, astronaut):
    """The crop of this card reaches far around the face, and most of that is not in the picture."""
    wide = tiny_bundle(tmp_path, crop={"size": 64, "eye_mouth": 0.15})
    path = files.write_still(tmp_path / "edge.png", astronaut[48:190, 168:282])
    report = Predictor(wide).detect(path)
    check_abstention(report, "face_too_small", "cut by the edge")
    assert report.notes == ("1 face in the sampled frames too far outside the picture to score",)


def test_a_video_of_one_frame(predictor, clip, astronaut):
    report = predictor.detect(clip(astronaut))
    check_abstention(report, "too_few_frames", "1 frame could be decoded", "a video needs 3")


def test_a_face_seen_in_too_few_frames(predictor, clip, astronaut):
    report = predictor.detect(clip(astronaut, GREY, GREY, GREY, astronaut))
    check_abstention(report, "too_few_frames", "no person was seen in 3", "--frames")


def test_a_single_frame_is_enough_where_asked_for(bundle, clip, astronaut):
    predictor = Predictor(bundle, Settings(min_frames=1))
    assert predictor.detect(clip(astronaut)).verdict is not None


def test_a_missing_file(predictor, tmp_path):
    report = predictor.detect(tmp_path / "gone.mp4")
    check_abstention(report, "unreadable", "no such file")
    assert (report.sha256, report.kind, report.media) == (None, None, None)
    assert report.frames.model_dump() == {"expected": 0, "decoded": 0, "analysed": 0}


def test_an_empty_file(predictor, tmp_path):
    (tmp_path / "empty.mp4").touch()
    check_abstention(predictor.detect(tmp_path / "empty.mp4"), "unreadable", "empty")


def test_text_by_the_name_of_a_video(predictor, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    check_abstention(predictor.detect(path), "unsupported")


@pytest.mark.parametrize(
    ("limits", "flag"),
    [
        (Limits(pixels=10_000), "--max-pixels"),
        (Limits(file_bytes=10_000), "--max-file-size"),
        (Limits(duration=1.0), "--max-duration"),
        (Limits(frames=10), "--max-frames"),
    ],
)
def test_a_file_over_a_limit(bundle, samples, limits, flag):
    predictor = Predictor(bundle, Settings(limits=limits))
    check_abstention(predictor.detect(samples / "real" / "astronaut.mp4"), "over_limit", flag)


def test_a_damaged_file_is_never_an_exception(predictor, samples, tmp_path):
    for name in ("real/astronaut.mp4", "real/hopper.jpg"):
        data = bytearray((samples / name).read_bytes())
        rng = np.random.default_rng(0)
        for start in (0, 100, 2000):
            damaged = data[:]
            places = rng.integers(start, len(data), 400)
            for place, byte in zip(places, rng.integers(0, 256, 400), strict=True):
                damaged[place] = byte
            path = tmp_path / f"damaged-{start}"
            path.write_bytes(damaged)
            report = predictor.detect(path)
            if report.verdict is None:
                check_abstention(report, report.abstention)


def test_a_truncated_clip_is_scored_on_what_decoded_and_says_so(predictor, samples, tmp_path):
    path = tmp_path / "cut.mp4"
    files.write_video(
        path, frames_of(samples / "real" / "astronaut.mp4"), muxing={"movflags": "faststart"}
    )
    files.cut(path, 0.6)
    report = predictor.detect(path)
    assert report.verdict is not None
    assert report.frames.expected == 50
    assert 15 < report.frames.decoded < 45
    assert report.frames.analysed == 5
    (note,) = report.notes
    assert note.startswith("truncated: ")
    assert report.message.endswith(note)


def test_a_clip_cut_before_anything_decodes_is_not_scored(predictor, samples, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes((samples / "real" / "astronaut.mp4").read_bytes()[:60_000])  # no index
    check_abstention(predictor.detect(path), "unreadable")


def frames_of(path):
    """Half of a clip's frames."""
    import av

    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return frames[::2]


def test_a_file_that_cannot_be_opened_still_has_its_hash(predictor, tmp_path):
    path = tmp_path / "note.txt"
    path.write_bytes(b"no picture")
    report = predictor.detect(path)
    check_abstention(report, "unsupported")
    assert report.sha256 == hashlib.sha256(b"no picture").hexdigest()
    assert predictor.detect(tmp_path / "gone.png").sha256 is None
    assert predictor.detect(tmp_path).sha256 is None


def test_a_file_over_the_limit_is_not_read_for_its_hash(tmp_path):
    path = tmp_path / "note.txt"
    path.write_bytes(b"no picture")
    settings = Settings(limits=Limits(file_bytes=5))
    report = Predictor(tiny_bundle(tmp_path), settings).detect(path)
    check_abstention(report, "over_limit")
    assert report.sha256 is None
