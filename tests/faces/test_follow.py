"""Frames between two that were searched, and after one that was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.faces import Backdrop, find_again, find_between, find_faces
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


GROUND = cv2.resize(np.random.default_rng(0).integers(60, 190, (9, 16, 3), np.uint8), (1280, 720))


def drawn(*people: Face, ground: Image = GROUND) -> Image:
    """A picture with the people in it, under noise of its own."""
    picture = ground.copy()
    for each in people:
        x0, y0, x1, y1 = (round(value) for value in each.box)
        picture[y0:y1, x0:x1] = 230
    grain = np.random.default_rng(len(people)).integers(-4, 5, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def test_what_looks_as_it_did_is_not_searched_again():
    one, same = face(300, time=0), face(310)
    finder = Knowing(same)
    found, backdrop = find_again(finder, drawn(same), 1.0, [one], Backdrop.of(drawn(one)))
    assert found == [same]
    (part,) = finder.searched
    assert part is not None
    assert part[2] - part[0] < 5 * same.size
    assert backdrop.changed(Backdrop.of(drawn(same))) == []


@pytest.mark.parametrize(
    ("people", "ground"),
    [
        pytest.param([face(300), face(900)], GROUND, id="come"),
        pytest.param([face(300), face(900, 600, 40)], GROUND, id="come, small"),
        pytest.param([], GROUND, id="gone"),
        pytest.param([face(900)], GROUND, id="moved"),
        pytest.param([face(300), face(900)], GROUND[:, ::-1], id="another scene"),
        pytest.param([face(300)], GROUND[:, ::-1], id="the camera moved"),
    ],
)
def test_otherwise_all_of_it_is(people: list[Face], ground: Image):
    finder = Knowing(*people)
    before = face(300, time=0)
    backdrop = Backdrop.of(drawn(before))
    assert find_again(finder, drawn(*people, ground=ground), 1.0, [before], backdrop)[0] == people
    assert finder.searched[-1] is None


def test_where_nobody_was_and_nothing_has_changed_nobody_is():
    finder = Knowing()
    found, _ = find_again(finder, drawn(), 1.0, [], Backdrop.of(drawn()))
    assert (found, finder.searched) == ([], [])


def test_who_fades_in_is_seen_though_no_two_frames_differ_much():
    """What has not been searched is told from how it looked when it last was."""
    one = face(300, time=0)
    backdrop, before = Backdrop.of(GROUND), [one]
    for time in range(1, 40):
        picture = GROUND.copy()
        picture[170:230, 870:930] += np.uint8(time)
        here = face(300, time=time)
        people = (here, face(900, time=time)) if time >= 30 else (here,)
        finder = Knowing(*people)
        before, backdrop = find_again(finder, picture, float(time), before, backdrop)
    assert len(before) == 2


def test_a_frame_of_another_size_is_searched_whole():
    finder = Knowing(face(300))
    backdrop = Backdrop.of(cv2.resize(drawn(face(300)), (640, 360)))
    find_again(finder, drawn(face(300)), 1.0, [face(300, time=0)], backdrop)
    assert finder.searched == [None]


@given(
    st.tuples(st.integers(2, 90), st.integers(2, 90)),
    st.tuples(st.integers(0, 89), st.integers(0, 89)),
)
def test_a_change_of_some_size_is_told_wherever_it_is(size: tuple[int, int], place):
    height, width = (8 * side for side in size)
    top, left = (min(8 * at, full - 8) for at, full in zip(place, (height, width), strict=True))
    picture = np.full((height, width, 3), 100, np.uint8)
    backdrop = Backdrop.of(picture)
    assert backdrop.changed(Backdrop.of(picture)) == []
    picture[top : top + 8, left : left + 8] = 200
    (part,) = backdrop.changed(Backdrop.of(picture))
    assert part[0] <= left
    assert part[1] <= top
    assert part[2] >= left + 8
    assert part[3] >= top + 8
