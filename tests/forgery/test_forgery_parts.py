"""The parts that forgeries share: the face model, masks, colours, warps, the contact sheet."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgery.drawn import drawn_face, landmarks_for
from unmask.errors import SettingError
from unmask.forgery import contact_sheet, forge
from unmask.forgery.alter import Alteration, alter, draw_alteration, resample
from unmask.forgery.canonical import FIVE, MODEL, PARTS, POINTS, face_side, project
from unmask.forgery.colour import match_light, match_statistics
from unmask.forgery.masks import draw_mask, soft_mask, window_around
from unmask.forgery.warp import shape_distance, warp_elastic, warp_similar

LANDMARKS = landmarks_for(224)
IMAGE = drawn_face(224, 224, LANDMARKS)


def test_model_is_mirrored() -> None:
    assert len(MODEL) == len(POINTS)
    assert np.allclose(MODEL[::2] * (-1, 1, 1), MODEL[1::2])


def test_model_falls_on_its_own_landmarks() -> None:
    points = project(FIVE[:, :2] * 100)
    assert np.allclose(points, MODEL[:, :2] * 100, atol=6)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.2, 5), st.floats(-3, 3), st.floats(-500, 500))
def test_model_follows_a_similarity(scale: float, angle: float, shift: float) -> None:
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    there = project(LANDMARKS @ turn + shift)
    assert np.allclose(there, project(LANDMARKS) @ turn + shift, atol=1e-6)


def test_outline_follows_a_turned_head() -> None:
    turned = LANDMARKS.copy()
    turned[2] += (20, 0)  # the nose points to the right
    ear = POINTS["ear_r"]
    assert project(turned)[ear, 0] < project(LANDMARKS)[ear, 0]


@pytest.mark.parametrize("part", sorted(PARTS))
def test_every_part_can_be_masked(part: str) -> None:
    points = project(LANDMARKS)
    window = window_around(points, 224, 224)
    for seed in range(5):
        params = draw_mask(np.random.default_rng(seed), {part: 1.0}, whole=True)
        mask = soft_mask(params, points, window)
        assert mask.shape == (window.y1 - window.y0, window.x1 - window.x0)
        assert 0.5 < mask.max() <= 1
        hull = points[list(PARTS[part])].mean(0) - (window.x0, window.y0)
        assert mask[int(hull[1]), int(hull[0])] > 0.3


def test_part_outside_the_picture_gives_way_to_the_face() -> None:
    landmarks = LANDMARKS - (0, 110)  # the eyes lie above the picture
    points = project(landmarks)
    window = window_around(points, 224, 224)
    params = draw_mask(np.random.default_rng(0), {"eyes": 1.0})
    assert soft_mask(params, points, window).max() > 0.1


def test_no_alteration_changes_nothing() -> None:
    assert (alter(IMAGE, Alteration(), 200) == IMAGE).all()
    assert resample(IMAGE, 1.0) is IMAGE


def test_every_drawn_alteration_shows() -> None:
    for seed in range(20):
        changed = alter(IMAGE, draw_alteration(np.random.default_rng(seed)), 200)
        assert changed.shape == IMAGE.shape
        assert (changed != IMAGE).mean() > 0.2


def test_hue_turn_keeps_grey() -> None:
    grey = np.full((8, 8, 3), 90, np.uint8)
    assert np.abs(alter(grey, Alteration(hue=40), 200).astype(int) - 90).max() <= 1


def test_detail_is_lost_in_proportion_to_the_face() -> None:
    large = cv2.resize(IMAGE, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    change = Alteration(shrink=4)
    ours = cv2.resize(alter(large, change, 4 * 256), (224, 224), interpolation=cv2.INTER_AREA)
    assert np.abs(ours.astype(int) - alter(IMAGE, change, 256)).mean() < 3


def test_colours_are_matched() -> None:
    other = drawn_face(224, 224, LANDMARKS, seed=8)
    mask = np.ones((224, 224), np.float32)
    matched = match_statistics(other, IMAGE, mask)
    assert np.abs(matched.mean((0, 1)) - IMAGE.mean((0, 1))).max() < 6
    assert np.abs(match_statistics(other, IMAGE, mask, 0.0).astype(int) - other).max() <= 1
    lit = match_light(other, IMAGE, mask)
    assert np.abs(lit.mean((0, 1)) - IMAGE.mean((0, 1))).max() < 6


def test_warp_of_a_face_onto_itself_is_the_face() -> None:
    window = window_around(project(LANDMARKS), 224, 224)
    for warp in (warp_similar, warp_elastic):
        same = warp(IMAGE, LANDMARKS, LANDMARKS, window)
        assert np.abs(same.astype(int) - window.of(IMAGE)).mean() < 1


@pytest.mark.parametrize("size", [60, 224, 500])
def test_warp_brings_landmarks_to_landmarks(size: int) -> None:
    there = landmarks_for(size, degrees=15)
    source = np.zeros((size, size, 3), np.uint8)
    cv2.circle(source, tuple(np.round(there[0]).astype(int)), max(2, size // 25), (255, 0, 0), -1)
    window = window_around(project(LANDMARKS), 224, 224)
    for warp in (warp_similar, warp_elastic):
        found = warp(source, there, LANDMARKS, window)[..., 0]
        ys, xs = np.nonzero(found > 100)
        assert np.abs((xs.mean() + window.x0, ys.mean() + window.y0) - LANDMARKS[0]).max() < 4


def test_shape_distance() -> None:
    assert shape_distance(LANDMARKS * 3 + 7, LANDMARKS) == pytest.approx(0, abs=1e-9)
    assert shape_distance(LANDMARKS * (1.3, 1), LANDMARKS) > 0.01


def test_face_side() -> None:
    assert face_side(np.array([[0.0, 0.0], [3.0, 7.0]])) == 7


def test_contact_sheet_holds_every_picture() -> None:
    pairs = [(IMAGE, forge("self_blend", IMAGE, LANDMARKS, seed)) for seed in range(3)]
    sheet = contact_sheet(pairs, ["a", "b" * 80, "ç"], cell=100, columns=2)
    assert sheet.dtype == np.uint8
    assert sheet.shape == (2 * 126, 6 * 104, 3)
    assert (contact_sheet(pairs[:1], cell=50) != 250).any()


def test_contact_sheet_shows_the_face_of_a_large_frame() -> None:
    landmarks = landmarks_for(100, 700, 300)
    frame = drawn_face(720, 1280, landmarks)
    forged = forge("resample_mismatch", frame, landmarks, 0)
    sheet = contact_sheet([(frame, forged)], cell=120)
    mask = sheet[30:140, 2 * 124 + 4 : 3 * 124 - 4, 0]
    assert (mask > 200).mean() > 0.05


def test_contact_sheet_refuses_what_it_cannot_lay_out() -> None:
    pair = (IMAGE, forge("self_blend", IMAGE, LANDMARKS, 0))
    with pytest.raises(SettingError, match="at least 1"):
        contact_sheet([])
    with pytest.raises(SettingError, match="one a pair"):
        contact_sheet([pair], ["a", "b"])


@pytest.mark.slow
def test_self_blend_is_fast_enough_to_make_while_training() -> None:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        times = []
        for seed in range(40):
            start = time.perf_counter()
            forge("self_blend", IMAGE, LANDMARKS, seed)
            times.append(time.perf_counter() - start)
    finally:
        cv2.setNumThreads(threads)
    assert np.median(times) < 0.008 * 4  # four times the budget: other work may share the core
