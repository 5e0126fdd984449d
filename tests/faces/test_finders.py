"""What every registered finder promises. Adding one to the registry is enough to be tested."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from unmask.errors import RegistryError, SettingError
from unmask.faces import FINDERS, FaceFinder
from unmask.types import Face, Image


def cannot_be_built(name: str) -> str:
    """Why a finder cannot be built on this machine; empty if it can."""
    try:
        FINDERS[name](threads=1)
    except SettingError as error:
        return str(error)
    return ""


LACKING = {name: why for name in FINDERS if (why := cannot_be_built(name))}


@pytest.fixture(scope="module", params=[name for name in FINDERS if name not in LACKING])
def finder(request) -> FaceFinder:
    return FINDERS[request.param](threads=1)


def scaled(image: Image, scale: float) -> Image:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=how)


def same(a: list[Face], b: list[Face]) -> bool:
    return len(a) == len(b) and all(
        (x.box, x.confidence, x.time) == (y.box, y.confidence, y.time)
        and np.array_equal(x.landmarks, y.landmarks)
        for x, y in zip(a, b, strict=True)
    )


def test_the_default_is_registered_and_can_always_be_built():
    assert "centerface" in FINDERS
    assert "centerface" not in LACKING


def test_a_finder_that_cannot_be_built_says_how_to_get_it():
    for why in LACKING.values():
        assert "\n" not in why
        assert "--finder centerface" in why


def test_an_unknown_finder_is_answered_with_the_nearest_name():
    with pytest.raises(RegistryError, match="did you mean 'centerface'"):
        FINDERS["centreface"]


def test_a_portrait_has_one_face_with_ordered_landmarks(finder, astronaut, hopper):
    for image in (astronaut, hopper):
        (face,) = finder.find(image, 2.5)
        assert face.time == 2.5
        eye, other_eye, nose, corner, other_corner = face.landmarks
        x0, y0, x1, y1 = face.box
        assert ((face.landmarks > (x0, y0)) & (face.landmarks < (x1, y1))).all()
        assert eye[0] < nose[0] < other_eye[0]
        assert corner[0] < nose[0] < other_corner[0]
        assert max(eye[1], other_eye[1]) < nose[1] < min(corner[1], other_corner[1])


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
def test_a_face_is_where_it_is_whatever_the_size_of_the_picture(finder, astronaut, hopper, scale):
    """Also beyond the size at which the search runs: places are pixels of the picture given."""
    for image in (astronaut, hopper):
        (plain,), (other,) = finder.find(image), finder.find(scaled(image, scale))
        reach = 0.05 * plain.size
        assert np.abs(other.landmarks / scale - plain.landmarks).max() < reach
        centres = [np.add(face.box[:2], face.box[2:]) / 2 for face in (plain, other)]
        assert np.abs(centres[1] / scale - centres[0]).max() < 2 * reach


def test_several_people_are_found_the_most_confident_first(finder, astronaut, hopper):
    image = np.hstack([astronaut, hopper[:512], astronaut[:, ::-1]])
    faces = finder.find(image)
    middles = [512 * i + {0: 225, 1: 266, 2: 286}[i] for i in range(3)]
    assert len(faces) == 3
    for face, middle in zip(sorted(faces, key=lambda face: face.box[0]), middles, strict=True):
        assert abs((face.box[0] + face.box[2]) / 2 - middle) < 20
    confidences = [face.confidence for face in faces]
    assert confidences == sorted(confidences, reverse=True)


@pytest.mark.parametrize("shape", [(512, 1536), (1024, 3072), (700, 1601)])
def test_a_search_of_a_part_gives_places_in_the_whole(finder, astronaut, hopper, shape):
    """At the scale of a search of the whole, whatever part of a pixel that shrinks to."""
    image = np.full((*shape, 3), 120, np.uint8)
    height, width = shape[0], shape[1] // 3
    for place, portrait in ((0, hopper[:512]), (2, astronaut)):
        image[:, place * width : (place + 1) * width] = cv2.resize(portrait, (width, height))
    whole = sorted(finder.find(image), key=lambda face: face.box[0])
    assert len(whole) == 2
    parts = [(0, 0, width, height), (2 * width, 0, 3 * width, height)]
    for part, wanted in zip(parts, whole, strict=True):
        (found,) = finder.find(image, 2.5, within=part)
        assert found.time == 2.5
        assert np.abs(found.landmarks - wanted.landmarks).max() < 0.02 * wanted.size
        assert found.box == pytest.approx(wanted.box, abs=0.05 * wanted.size)


@pytest.mark.parametrize("part", [(0, 0, 64, 64), (400, 400, 800, 800), (-50, 490, 600, 700)])
def test_a_part_without_a_face_has_none_wherever_it_lies(finder, astronaut, part):
    assert finder.find(astronaut, within=part) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (33, 31), (250, 1900)])
def test_pictures_of_odd_sizes_without_a_face_have_none(finder, size):
    assert finder.find(np.full((*size, 3), 120, np.uint8)) == []


def test_noise_has_no_face(finder):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert finder.find(noise) == []


def test_a_search_changes_nothing_and_can_be_repeated(finder, astronaut):
    before = astronaut.copy()
    assert same(finder.find(astronaut), finder.find(astronaut))
    assert np.array_equal(astronaut, before)


def test_a_picture_need_not_lie_in_one_piece_of_memory(finder, astronaut):
    mirrored = astronaut[:, ::-1]
    assert same(finder.find(mirrored), finder.find(np.ascontiguousarray(mirrored)))


def test_one_finder_serves_several_threads_at_once(finder, astronaut, hopper):
    """Pictures of different sizes, so that state kept between calls would show."""
    images = [astronaut, hopper, scaled(hopper, 0.5)] * 2
    alone = [finder.find(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(finder.find, images))
    assert all(same(a, b) for a, b in zip(alone, together, strict=True))
