"""The search that every picture goes through, tight crops included."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from unmask.errors import SettingError
from unmask.faces import find_faces
from unmask.types import Face, Image

HEAD = (slice(48, 190), slice(168, 282))
"""Eileen Collins's face in her portrait and nothing around it."""


class Remembering:
    """Finds what it is told to, and remembers the pictures it was given."""

    def __init__(self, *answers: list[Face]) -> None:
        self.answers = list(answers)
        self.given: list[Image] = []

    def find(self, image: Image, time: float = 0.0) -> list[Face]:
        del time
        self.given.append(image)
        return self.answers.pop(0)


def face(x0: float, y0: float, x1: float, y1: float) -> Face:
    xs, ys = np.linspace(x0, x1, 7)[1:-1], np.linspace(y0, y1, 7)[1:-1]
    return Face(0.0, (x0, y0, x1, y1), np.stack((xs, ys), axis=1), 0.9)


def test_a_picture_with_surroundings_is_searched_once():
    wanted = [face(10, 10, 60, 60)]
    finder = Remembering(wanted)
    assert find_faces(finder, np.zeros((200, 300, 3), np.uint8)) is wanted
    assert len(finder.given) == 1


def test_a_tight_crop_of_a_face_is_found(centerface, astronaut):
    (whole,) = find_faces(centerface, astronaut)
    tight = np.ascontiguousarray(astronaut[HEAD])
    (found,) = find_faces(centerface, tight, 1.5)
    assert found.time == 1.5
    corner = (HEAD[1].start, HEAD[0].start)
    assert np.abs(found.landmarks + corner - whole.landmarks).max() < 0.08 * whole.size


@pytest.mark.parametrize("scale", [0.6, 3.0, 8.0])
def test_a_tight_crop_is_found_at_any_size(centerface, astronaut, scale):
    small = np.ascontiguousarray(astronaut[HEAD])
    tight = cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    (plain,), (found,) = find_faces(centerface, small), find_faces(centerface, tight)
    assert np.abs(found.landmarks / scale - plain.landmarks).max() < 0.08 * plain.size


def test_places_found_within_the_border_are_pixels_of_the_picture():
    """A picture of 288 x 144 is searched at half its size, with 72 pixels of border."""
    finder = Remembering([], [face(72 + 20, 72 + 10, 72 + 60, 72 + 50)])
    (found,) = find_faces(finder, np.zeros((144, 288, 3), np.uint8))
    assert found.box == pytest.approx((40, 20, 120, 100))
    assert np.allclose(found.landmarks, face(40, 20, 120, 100).landmarks)
    assert finder.given[1].shape == (72 + 144, 144 + 144, 3)
    assert (finder.given[1][:72] == 128).all()


def test_a_face_whose_middle_is_in_the_border_is_no_face_of_the_picture():
    outside = [face(0, 0, 60, 60), face(150, 0, 280, 60), face(100, 230, 160, 280)]
    finder = Remembering([], outside)
    assert find_faces(finder, np.zeros((144, 144, 3), np.uint8)) == []


def test_the_plain_search_stands_where_the_border_does_not_help():
    large = [face(5, 5, 95, 95)]
    assert find_faces(Remembering(large, []), np.zeros((100, 100, 3), np.uint8)) is large


def test_a_picture_without_a_face_has_none_with_a_border_either(centerface):
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    assert find_faces(centerface, noise) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.zeros((20, 20, 3), np.float32),
        np.zeros((0, 20, 3), np.uint8),
    ],
)
def test_what_is_no_rgb_picture_is_refused(image):
    with pytest.raises(SettingError, match="uint8"):
        find_faces(Remembering(), image)
