"""The crop: where it is cut, how it is scaled, and what it says about its border."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from unmask.errors import SettingError
from unmask.faces import CropSpec, crop_face, sharpness, similarity
from unmask.types import Image, Points

SPEC = CropSpec(size=64)
ANGLES = st.floats(-math.pi, math.pi)


def turn(scale: float, angle: float, shift: tuple[float, float] = (0, 0)) -> Points:
    """The similarity that scales, turns and shifts, [2, 3]."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[c, -s, shift[0]], [s, c, shift[1]]])


def apply(transform: Points, points: Points) -> Points:
    return points @ transform[:, :2].T + transform[:, 2]


def face_at(
    centre: tuple[float, float], scale: float, angle: float = 0.0, spec: CropSpec = SPEC
) -> Points:
    """Landmarks whose crop shows ``centre`` in its middle, at ``scale`` crop pixels a pixel."""
    points = (spec.points() - spec.size / 2) @ turn(1 / scale, angle)[:, :2].T
    return points + np.array(centre)


def ramps(height: int, width: int, per_pixel: float) -> Image:
    """A picture whose red grows by ``per_pixel`` to the right, and green downwards."""
    ys, xs = np.mgrid[0:height, 0:width] * per_pixel
    return np.stack((xs, ys, np.full_like(xs, 77)), axis=-1).round().astype(np.uint8)


def pixels_of(transform: Points, size: int) -> tuple[Points, Points]:
    """Where in the picture each pixel of the crop comes from: x and y, [S, S] each."""
    ys, xs = np.mgrid[0:size, 0:size]
    full = np.vstack((transform, [0, 0, 1]))
    x, y, _ = np.linalg.inv(full) @ np.stack((xs.ravel(), ys.ravel(), np.ones(size * size)))
    return x.reshape(size, size), y.reshape(size, size)


@given(
    st.floats(0.02, 50),
    ANGLES,
    st.tuples(st.floats(-5000, 5000), st.floats(-5000, 5000)),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_a_similarity_is_recovered_from_points(scale, angle, shift, seed):
    source = np.random.default_rng(seed).uniform(-100, 100, (5, 2))
    wanted = turn(scale, angle, shift)
    found = similarity(source, apply(wanted, source))
    assert np.allclose(found[:, :2], wanted[:, :2], rtol=1e-6, atol=1e-9 * max(1, scale))
    assert np.allclose(found[:, 2], wanted[:, 2], rtol=1e-6, atol=1e-5)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_a_similarity_of_noisy_points_neither_mirrors_nor_shears_and_fits_best(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.uniform(-100, 100, (2, 5, 2))
    found = similarity(source, target)
    (a, b), (c, d) = found[:, :2]
    assert a == pytest.approx(d)
    assert b == pytest.approx(-c)
    assert np.linalg.det(found[:, :2]) >= 0

    def loss(transform: Points) -> float:
        return float(((apply(transform, source) - target) ** 2).sum())

    near = found + turn(*rng.normal(0, 0.01, 2), tuple(rng.normal(0, 0.01, 2)))
    assert loss(found) <= loss(near) + 1e-9


@given(
    st.floats(0.05, 8),
    ANGLES,
    st.tuples(st.floats(50, 250), st.floats(50, 150)),
    st.sampled_from([SPEC, CropSpec(), CropSpec(size=96, eye_mouth=0.3), CropSpec(centre_y=0.6)]),
)
@settings(deadline=None)
def test_the_landmarks_land_on_the_canonical_points(scale, angle, centre, spec):
    landmarks = face_at(centre, scale, angle, spec)
    crop = crop_face(np.zeros((200, 300, 3), np.uint8), landmarks, spec)
    assert crop.image.shape == (spec.size, spec.size, 3)
    assert np.allclose(apply(crop.transform, landmarks), spec.points(), atol=1e-6)


def test_the_canonical_points_are_where_the_specification_says():
    spec = CropSpec(size=100, eye_mouth=0.4, centre_y=0.6)
    points = spec.points()
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    assert np.allclose(mouth - eyes, (0, 40), atol=1e-9)
    assert np.allclose((eyes + mouth) / 2, (50, 60), atol=1e-9)
    assert points[0, 0] < points[2, 0] < points[1, 0]


@pytest.mark.parametrize(
    "values", [{"size": 16}, {"size": 4096}, {"eye_mouth": 0.95}, {"centre_y": 0.0}, {"sise": 64}]
)
def test_a_specification_out_of_range_is_refused(values):
    with pytest.raises(ValidationError):
        CropSpec(**values)


def test_a_crop_at_scale_one_copies_the_pixels():
    image = np.random.default_rng(0).integers(0, 256, (200, 220, 3), dtype=np.uint8)
    crop = crop_face(image, face_at((90, 80), 1.0), SPEC)
    assert np.allclose(crop.transform, [[1, 0, -58], [0, 1, -48]], atol=1e-9)
    assert np.array_equal(crop.image, image[48:112, 58:122])
    assert crop.border == 0


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2, math.pi])
@pytest.mark.parametrize("scale", [0.1, 0.25, 0.49, 0.51, 1.0, 2.7, 9.0])
def test_each_pixel_shows_the_place_that_the_transform_names(scale, angle):
    crop = crop_face(ramps(1000, 1000, 0.25), face_at((503.4, 497.8), scale, angle), SPEC)
    x, y = pixels_of(crop.transform, SPEC.size)
    assert np.abs(crop.image[..., 0] - x * 0.25).max() < 1.2
    assert np.abs(crop.image[..., 1] - y * 0.25).max() < 1.2
    assert (crop.image[..., 2] == 77).all()


@pytest.mark.parametrize("scale", [0.4, 0.2, 0.11, 0.05])
def test_a_large_face_is_not_aliased(scale):
    rows, columns = np.indices((1500, 1500))
    board = np.where((rows + columns) % 2, 255, 0).astype(np.uint8)
    crop = crop_face(np.dstack([board] * 3), face_at((750, 750), scale, 0.1), SPEC)
    assert abs(float(crop.image.mean()) - 127.5) < 3
    assert crop.image.std() < 12


def test_detail_is_cut_from_the_picture_as_it_is():
    """Detail as fine as the crop's own pixels is there, though the picture is far larger."""
    fine = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    image = np.zeros((3000, 4000, 3), np.uint8)
    image[2000:2064, 3000:3064] = fine
    assert np.array_equal(crop_face(image, face_at((3032, 2032), 1.0), SPEC).image, fine)


def outside_share(transform: Points, size: int, height: int, width: int) -> float:
    """The share of the crop outside the picture, counted on a grid."""
    steps = 120
    grid = (np.arange(steps) + 0.5) / steps * size - 0.5
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    back = np.linalg.inv(np.vstack((transform, [0, 0, 1])))
    x, y = apply(back[:2], points).T
    return float(np.mean((x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)))


@given(
    st.tuples(st.floats(-150, 450), st.floats(-150, 350)),
    st.floats(0.1, 4),
    ANGLES,
)
@example((150, 100), 1.0, 0.0)  # within
@example((32, 32), 1.0, 0.0)  # flush with two edges, none outside
@example((0, 100), 1.0, 0.0)  # half outside, edges parallel
@example((0, 0), 1.0, 0.0)  # three quarters outside
@example((0, 0), 1.0, math.pi / 4)  # a corner under a diagonal
@example((150, 100), 0.2, 0.0)  # the picture within the crop
@example((150, 100), 64 / 300, 0.0)  # as wide as the picture
@example((-140, -140), 4.0, 0.3)  # all outside
@settings(deadline=None, max_examples=60)
def test_the_border_is_the_share_that_lies_outside_the_picture(centre, scale, angle):
    crop = crop_face(np.zeros((200, 300, 3), np.uint8), face_at(centre, scale, angle), SPEC)
    assert crop.border == pytest.approx(
        outside_share(crop.transform, SPEC.size, 200, 300), abs=0.02
    )


def test_what_lies_outside_is_filled_by_reflection():
    image = ramps(200, 200, 1.0)
    crop = crop_face(image, face_at((0, 100), 1.0), SPEC)
    assert crop.border == pytest.approx(0.5)
    assert np.array_equal(crop.image[:, 32:], image[68:132, :32])
    assert np.array_equal(crop.image[:, 1:32], crop.image[:, 33:64][:, ::-1])


def test_a_jitter_is_applied_in_pixels_of_the_crop():
    image = np.random.default_rng(2).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    landmarks = face_at((100, 100), 1.0)
    plain = crop_face(image, landmarks, SPEC)
    moved = crop_face(image, landmarks, SPEC, turn(1, 0, (5, -3)))
    assert np.array_equal(moved.image[:-3, 5:], plain.image[3:, :-5])
    jitter = turn(1.1, 0.2, (4, 2))
    wanted = (np.vstack((jitter, [0, 0, 1])) @ np.vstack((plain.transform, [0, 0, 1])))[:2]
    assert np.allclose(crop_face(image, landmarks, SPEC, jitter).transform, wanted)


def test_a_picture_wider_than_opencv_s_coordinates_is_cut_right():
    image = np.zeros((100, 40_000, 3), np.uint8)
    fine = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    image[20:84, 39_000:39_064] = fine
    assert np.array_equal(crop_face(image, face_at((39_032, 52), 1.0), SPEC).image, fine)


def test_landmarks_on_one_point_are_refused():
    with pytest.raises(SettingError, match="one point"):
        crop_face(np.zeros((50, 50, 3), np.uint8), np.full((5, 2), 20.0), SPEC)


def test_a_picture_of_one_pixel_fills_the_crop():
    crop = crop_face(np.full((1, 1, 3), 9, np.uint8), face_at((0, 0), 1.0), SPEC)
    assert (crop.image == 9).all()
    assert crop.border == pytest.approx(1 - 1 / 64**2, abs=1e-4)


def test_sharpness_falls_as_a_picture_is_blurred():
    noise = np.random.default_rng(4).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    values = [sharpness(cv2.GaussianBlur(noise, (0, 0), s)) for s in (0.5, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert sharpness(noise) > values[0]
    assert sharpness(np.full((8, 8, 3), 90, np.uint8)) == 0
