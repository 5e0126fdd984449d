"""From a file to a report, on real pictures and clips, with a detector whose scores are known."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

import media_files as files
import unmask
from bundles import GRID, brightness, tiny_bands, tiny_bundle, tiny_calibration
from unmask.detect import Predictor, Settings, detect
from unmask.detect.aggregate import posterior
from unmask.faces import FINDERS, crop_face, find_faces, sharpness
from unmask.types import Image, Report, Thresholds

HEAD = (slice(48, 190), slice(168, 282))
"""Eileen Collins's face in her portrait and nothing around it."""

GREY = np.full((512, 512, 3), 128, np.uint8)


def crops_of(report: Report, track: int = 0) -> list[Image]:
    return [each.crop for each in report.evidence if each.track == track]


def check_scores(report: Report, gain: float = 8.0) -> None:
    """Each score of the report is the one that its own evidence asks for."""
    for face in report.faces:
        if face.score is None:
            continue
        wanted = [gain * brightness(crop) for crop in crops_of(report, face.track)]
        assert [frame.score for frame in face.frames] == pytest.approx(wanted, abs=1e-3)
        assert face.score == pytest.approx(np.mean(wanted), abs=1e-3)
        assert face.probability == pytest.approx(posterior(face.score, report.prior))
        for frame in face.frames:
            assert frame.probability == pytest.approx(posterior(frame.score, report.prior))


def test_a_still(predictor, samples):
    path = samples / "real" / "astronaut.jpg"
    report = predictor.detect(path)
    assert report.abstention is None
    assert report.path == str(path)
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.kind == "image"
    assert report.model == predictor.identity
    assert report.unmask == unmask.__version__
    assert report.seconds > 0
    assert report.media is not None
    assert (report.media.width, report.media.height) == (512, 512)
    assert report.frames.model_dump() == {"expected": 1, "decoded": 1, "analysed": 1}
    (face,) = report.faces
    assert len(face.frames) == 1
    assert (report.score, report.probability, report.interval) == (
        face.score,
        face.probability,
        face.interval,
    )
    check_scores(report)


def test_the_detector_sees_the_crop_that_training_cuts(predictor, samples, astronaut):
    report = predictor.detect(samples / "real" / "astronaut.jpg")
    (face,) = find_faces(FINDERS["centerface"](threads=1), astronaut)
    crop = crop_face(astronaut, face.landmarks, predictor.card.crop)
    (frame,) = report.faces[0].frames
    assert np.array_equal(report.evidence[0].crop, crop.image)
    assert frame.box == face.box
    assert frame.size == face.size
    assert frame.confidence == face.confidence
    assert frame.sharpness == sharpness(crop.image)


def test_crops_are_cut_from_the_full_resolution(tmp_path, astronaut):
    """The search runs at 640 pixels; the crop shows detail that a picture of 640 cannot hold."""
    large = cv2.resize(astronaut, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).integers(-30, 31, (2048, 2048, 1))
    large = np.clip(large + grain, 0, 255).astype(np.uint8)
    small = cv2.resize(large, (640, 640), interpolation=cv2.INTER_AREA)
    predictor = Predictor(tiny_bundle(tmp_path, crop={"size": 320}), Settings(evidence=True))
    reports = [
        predictor.detect(files.write_still(tmp_path / f"{name}.png", image))
        for name, image in (("large", large), ("small", small))
    ]
    boxes = [np.array(report.faces[0].frames[0].box) for report in reports]
    assert boxes[0] / 3.2 == pytest.approx(boxes[1], abs=5)
    sharp, soft = (report.faces[0].frames[0].sharpness for report in reports)
    assert sharp > 10 * soft


def test_a_clip(predictor, samples):
    report = predictor.detect(samples / "real" / "astronaut.mp4")
    assert report.kind == "video"
    assert report.frames.model_dump() == {"expected": 100, "decoded": 100, "analysed": 5}
    (face,) = report.faces
    times = [frame.time for frame in face.frames]
    assert len(times) == 5
    assert times == sorted(set(times))
    assert times[-1] - times[0] > 2
    assert [each.time for each in report.evidence] == times
    low, high = report.interval
    assert low <= report.probability <= high
    check_scores(report)


def test_two_people_in_a_clip_are_scored_apart_and_the_higher_score_decides(
    predictor, clip, astronaut, hopper
):
    dark = (hopper * 0.5).astype(np.uint8)
    report = predictor.detect(clip(*[np.hstack([astronaut, dark])] * 6))
    assert report.thresholds.faces == 2
    assert report.thresholds.fake == 3.0
    by_place = sorted(report.faces, key=lambda face: face.frames[0].box[0])
    assert [len(face.frames) for face in by_place] == [5, 5]
    assert by_place[0].score > by_place[1].score
    assert (report.score, report.probability) == (by_place[0].score, by_place[0].probability)
    check_scores(report)


def test_a_person_seen_too_rarely_is_named_and_not_scored(predictor, clip, astronaut, hopper):
    alone, both = np.hstack([astronaut, GREY]), np.hstack([astronaut, hopper])
    report = predictor.detect(clip(alone, alone, alone, both, both))
    assert report.thresholds.faces == 1
    scored, passed = report.faces
    assert len(scored.frames) == 5
    assert (passed.score, passed.probability, passed.interval) == (None, None, None)
    assert passed.frames == ()
    assert passed.note == "seen in 2 sampled frames; 3 are needed"
    unscored = [each for each in report.evidence if each.track == passed.track]
    assert len(unscored) == 2
    assert all(each.cam is None for each in unscored)


def test_a_still_that_is_a_tight_crop_is_analysed(predictor, tmp_path, astronaut):
    tight = cv2.resize(astronaut[HEAD], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    report = predictor.detect(files.write_still(tmp_path / "tight.png", tight))
    assert report.abstention is None
    x0, y0, x1, y1 = report.faces[0].frames[0].box
    assert min(x1 - x0, y1 - y0) > 150
    check_scores(report)


def test_only_the_largest_faces_of_a_crowd_are_scored(bundle, tmp_path, astronaut, hopper):
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    crowd = np.hstack([np.vstack([small] * 2), hopper, astronaut])
    path = files.write_still(tmp_path / "crowd.png", crowd)
    report = Predictor(bundle, Settings(max_faces=2)).detect(path)
    assert sorted(face.frames[0].box[0] > 256 for face in report.faces) == [True, True]
    assert report.thresholds.faces == 2
    (note,) = report.notes
    assert note == "2 faces in the sampled frames beyond the most faces scored in one frame"
    assert report.message.endswith(note)


def test_small_faces_beside_a_large_one_are_counted_in_a_note(bundle, tmp_path, astronaut):
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    scene = np.hstack([np.vstack([small, GREY[:256, :256]]), astronaut])
    path = files.write_still(tmp_path / "two.png", scene)
    report = Predictor(bundle, Settings(min_face=60)).detect(path)
    assert len(report.faces) == 1
    assert report.notes == ("1 face in the sampled frames too small to score",)


# ── evidence ──────────────────────────────────────────────────────────────────────────────────


def test_evidence_is_kept_only_where_asked_for(bundle, samples):
    report = Predictor(bundle, Settings()).detect(samples / "real" / "hopper.jpg")
    assert report.verdict is not None
    assert report.evidence == ()
    assert report.glimpses == ()


def test_evidence_shows_crop_map_and_frame(predictor, samples):
    report = predictor.detect(samples / "real" / "hopper.jpg")
    (shown,) = report.evidence
    size = predictor.card.crop.size
    assert shown.crop.shape == (size, size, 3)
    assert shown.cam.shape == (GRID, GRID)
    assert shown.cam.mean() == pytest.approx(report.score, abs=1e-4)
    assert shown.thumbnail.shape == (600, 512, 3)
    again = cv2.warpAffine(shown.thumbnail, shown.transform, (size, size))
    inside = np.s_[8:-8, 8:-8]
    assert np.abs(again[inside].astype(int) - shown.crop[inside]).mean() < 12
    (glimpse,) = report.glimpses
    assert glimpse.passed == ()


def test_frames_are_kept_smaller_where_there_may_be_many(tmp_path, samples):
    settings = Settings(evidence=True, frames=100)
    (shown,) = (
        Predictor(tiny_bundle(tmp_path), settings).detect(samples / "real" / "hopper.jpg").evidence
    )
    assert shown.thumbnail.shape == (320, 273, 3)


def test_faces_passed_over_are_kept_with_their_reason(bundle, tmp_path, astronaut):
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    scene = np.hstack([np.vstack([small, GREY[:256, :256]]), astronaut])
    path = files.write_still(tmp_path / "two.png", scene)
    for settings, reason in (
        (Settings(min_face=60, evidence=True), "small"),
        (Settings(max_faces=1, evidence=True), "crowd"),
    ):
        (glimpse,) = Predictor(bundle, settings).detect(path).glimpses
        (passed,) = glimpse.passed
        assert passed.reason == reason
        assert passed.box[0] < 256


def test_evidence_of_a_bundle_without_maps_has_none(tmp_path, samples):
    predictor = Predictor(tiny_bundle(tmp_path, cam=False), Settings(evidence=True))
    (shown,) = predictor.detect(samples / "real" / "hopper.jpg").evidence
    assert shown.cam is None
    assert shown.crop.size


# ── verdicts ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("bands", "verdict", "message"),
    [
        ({"fake": -50.0, "real": -60.0}, "fake", "signs of face manipulation found"),
        ({"fake": 50.0, "real": 40.0}, "real", "no sign of face manipulation found"),
        ({"fake": 50.0, "real": -50.0}, "uncertain", "undecided"),
    ],
)
def test_the_bands_of_the_card_decide(tmp_path, samples, bands, verdict, message):
    path = tiny_bundle(tmp_path, bands=tiny_bands(**bands))
    report = Predictor(path).detect(samples / "real" / "hopper.jpg")
    assert report.verdict == verdict
    assert report.message.startswith(message)
    assert report.thresholds == Thresholds(max_false_alarm_rate=0.01, faces=1, **bands)


def test_the_calibration_of_the_card_is_applied(tmp_path, samples):
    path = tiny_bundle(tmp_path, calibration=tiny_calibration(slope=0.25, intercept=1.5))
    report = Predictor(path, Settings(evidence=True)).detect(samples / "real" / "hopper.jpg")
    assert report.score == pytest.approx(2 * brightness(crops_of(report)[0]) + 1.5, abs=1e-3)


def test_a_prior_moves_the_probability_and_never_the_verdict(bundle, samples):
    path = samples / "real" / "hopper.jpg"
    reports = [Predictor(bundle, Settings(prior=prior)).detect(path) for prior in (0.01, 0.5, 0.99)]
    probabilities = [report.probability for report in reports]
    assert probabilities == sorted(set(probabilities))
    assert [report.prior for report in reports] == [0.01, 0.5, 0.99]
    assert len({(report.verdict, report.score) for report in reports}) == 1
    for report in reports:
        assert report.probability == pytest.approx(posterior(report.score, report.prior))
        assert report.interval[0] <= report.probability <= report.interval[1]


def test_a_rate_that_the_card_cannot_vouch_for_convicts_nobody(tmp_path, samples):
    path = tiny_bundle(tmp_path, bands=tiny_bands(fake=-50.0, real=-60.0))
    strict = Settings(max_false_alarm_rate=1e-5)
    report = Predictor(path, strict).detect(samples / "real" / "hopper.jpg")
    assert report.verdict == "uncertain"
    assert report.thresholds.fake is None


def test_the_same_file_has_the_same_report_every_time(predictor, samples):
    path = samples / "real" / "astronaut.mp4"
    first, second = (predictor.detect(path).model_dump(exclude={"seconds"}) for _ in range(2))
    assert first == second


def test_the_number_of_threads_changes_no_score(bundle, samples):
    path = samples / "real" / "astronaut.mp4"
    one, three = (
        Predictor(bundle, Settings(frames=4, threads=threads)).detect(path) for threads in (1, 3)
    )
    assert one.faces == three.faces


def test_the_function_detect_loads_the_bundle_once(bundle, samples, monkeypatch):
    path = samples / "real" / "hopper.jpg"
    first = detect(path, bundle)
    monkeypatch.setattr("unmask.detect.predictor.load_bundle", None)
    assert detect(path, bundle).faces == first.faces


def test_the_name_unmask_detect_is_the_function_and_stays_it(bundle, tmp_path):
    """The room of that name, once imported, must not take its place."""
    code = (
        "import sys, unmask\n"
        "for _ in range(2):\n"
        "    print(unmask.detect('gone.jpg', model=sys.argv[1]).abstention)\n"
        "from unmask import detect\n"
        "print(detect('gone.jpg', sys.argv[1], unmask.Settings(frames=3)).abstention)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["unreadable"] * 3


def test_a_report_without_its_pictures_is_json(predictor, samples):
    values = predictor.detect(samples / "real" / "hopper.jpg").to_json()
    assert values["verdict"] in {"fake", "real", "uncertain"}
    assert "evidence" not in values


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_clip_is_analysed_on_as_many_threads_as_asked_for(bundle, samples, threads):
    """In a process of its own: others of this one come and go meanwhile."""
    code = """if True:
        import cv2, os, sys
        from unmask import Predictor, Settings
        cv2.setNumThreads(1)  # its own are the caller's
        counts = []
        predictor = Predictor(sys.argv[1], Settings(threads=int(sys.argv[3])))
        before = len(os.listdir("/proc/self/task"))
        predictor.detect(sys.argv[2], lambda _: counts.append(len(os.listdir("/proc/self/task"))))
        print(max(counts) - before)
    """
    command = [sys.executable, "-c", code, bundle, samples / "real" / "astronaut.mp4", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cores = os.cpu_count()
    wanted = {0: cores + min(16, 3 * cores) if cores > 1 else 0, 1: 0, 3: 3 + 3}  # find and decode
    assert int(done.stdout) == wanted[threads]
