"""Frames between two that were searched whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.faces import find_between, find_faces
from unmask.types import Box, Face, Image

PICTURE = np.zeros((720, 1280, 3), np.uint8)


def face(x: float, y: float = 200.0, size: float = 60.0, time: float = 1.0) -> Face:
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    marks = np.array([[x, y]]) + size * np.array(
        [[-0.2, -0.2], [0.2, -0.2], [0, 0], [-0.15, 0.2], [0.15, 0.2]]
    )
    return Face(time, box, marks, 0.9)


class Knowing:
    """Finds those of its faces whose middle is searched, and remembers which parts were."""

    def __init__(self, *faces: Face) -> None:
        self.faces = faces
        self.searched: list[Box | None] = []

    def find(self, image: Image, time: float = 0.0, within: Box | None = None) -> list[Face]:
        del image, time
        self.searched.append(within)
        x0, y0, x1, y1 = within or (0, 0, 1280, 720)
        return [
            each
            for each in self.faces
            if x0 <= (each.box[0] + each.box[2]) / 2 < x1
            and y0 <= (each.box[1] + each.box[3]) / 2 < y1
        ]


def between(finder: Knowing, *places: tuple[float, float]) -> list[Face]:
    """Search a frame; each person is before and after it at the two given x."""
    before = [face(x, time=0) for x, _ in places]
    after = [face(x, time=2) for _, x in places]
    return find_between(finder, PICTURE, 1.0, before, after)


def test_people_who_stay_are_looked_for_where_they_were():
    people = [face(300), face(900)]
    finder = Knowing(*people)
    assert between(finder, (300, 310), (900, 890)) == people
    assert len(finder.searched) == 2
    for each, part in zip(people, finder.searched, strict=True):
        assert part is not None
        assert part[0] < each.box[0] - each.size / 2
        assert part[2] > each.box[2] + each.size / 2
        assert part[2] - part[0] < 5 * each.size


def test_neighbours_are_looked_for_together_and_found_once():
    people = [face(300), face(380)]
    finder = Knowing(*people)
    assert between(finder, (300, 300), (380, 380)) == people
    assert len(finder.searched) == 1


@pytest.mark.parametrize(
    ("there", "places"),
    [
        pytest.param([face(900)], [(300, 300)], id="gone"),
        pytest.param([face(300), face(370)], [(300, 300)], id="come"),
        pytest.param([face(300)], [(300, 700)], id="moved"),
        pytest.param([face(300), face(800)], [], id="nobody before or after"),
    ],
)
def test_otherwise_the_whole_frame_is_searched(there: list[Face], places):
    finder = Knowing(*there)
    assert between(finder, *places) == there
    assert finder.searched[-1] is None


def test_only_who_is_in_neither_frame_and_away_from_all_others_is_missed():
    finder = Knowing(face(300), face(900))
    (found,) = between(finder, (300, 300))
    assert found is finder.faces[0]


def test_people_who_are_in_one_of_the_two_frames_only_are_not_relied_on():
    finder = Knowing(face(300), face(900))
    found = find_between(finder, PICTURE, 1.0, [face(300, time=0)], [face(300), face(900)])
    assert len(found) == 2
    assert finder.searched == [None]


def test_large_faces_are_not_worth_it():
    finder = Knowing(face(640, 360, 400))
    before, after = [face(640, 360, 400, 0)], [face(640, 360, 400, 2)]
    assert len(find_between(finder, PICTURE, 1.0, before, after)) == 1
    assert finder.searched == [None]


@given(st.lists(st.tuples(st.integers(50, 1230), st.integers(50, 670)), max_size=4))
def test_whoever_is_in_all_three_frames_is_found(places):
    people = [face(x, y) for x, y in places]
    before = [face(x, y, time=0) for x, y in places]
    after = [face(x, y, time=2) for x, y in places]
    found = find_between(Knowing(*people), PICTURE, 1.0, before, after)
    for each in people:
        assert any(
            abs(each.box[0] - other.box[0]) < each.size
            and abs(each.box[1] - other.box[1]) < each.size
            for other in found
        )


def test_a_face_is_found_at_the_place_that_a_whole_search_gives(centerface, astronaut, hopper):
    """By the embedded finder, in a picture that is searched shrunk by a broken ratio."""
    small = [cv2.resize(each, (256, 256)) for each in (astronaut, hopper[:512])]
    picture = np.full((700, 1500, 3), 90, np.uint8)
    picture[100:356, 80:336], picture[300:556, 1000:1256] = small
    whole = find_faces(centerface, picture, 1.0)
    assert len(whole) == 2
    near = find_between(
        centerface, picture, 1.0, [moved(each, 0.0) for each in whole],
        [moved(each, 2.0) for each in whole],
    )  # fmt: skip
    assert [each.time for each in near] == [1.0, 1.0]
    for one, other in zip(near, whole, strict=True):
        assert not np.array_equal(one.landmarks, other.landmarks)  # it was another search
        assert np.abs(one.landmarks - other.landmarks).max() < 0.02 * other.size
        assert one.box == pytest.approx(other.box, abs=0.05 * other.size)


def moved(each: Face, time: float) -> Face:
    return Face(time, each.box, each.landmarks, each.confidence)
