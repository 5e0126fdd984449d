"""Which frames are searched whole, and that nobody is missed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from unmask.detect import Settings
from unmask.detect.look import SeenFrame, look
from unmask.faces import CropSpec, clip
from unmask.types import Box, Face, Frame, Image

HERE, THERE = 300.0, 900.0
Ground = Callable[[int], Image]


def face(x: float, time: float) -> Face:
    marks = np.array([[x, 200]]) + np.array([[-12, -12], [12, -12], [0, 0], [-9, 12], [9, 12]])
    return Face(time, (x - 30, 170, x + 30, 230), marks, 0.9)


class Finder:
    """Knows who is in which frame, and remembers which frames were searched whole."""

    def __init__(self, present: dict[int, tuple[float, ...]]) -> None:
        self.present = present
        self.whole: set[int] = set()

    def find(self, image: Image, time: float = 0.0, within: Box | None = None) -> list[Face]:
        if within is None:
            self.whole.add(round(time))
        low, high = (within[0], within[2]) if within else (0, image.shape[1])
        return [face(x, time) for x in self.present[round(time)] if low <= x < high]


def frames(present: dict[int, tuple[float, ...]], ground: Ground) -> Iterator[Frame]:
    """Frames of people, drawn as grey squares."""
    for time, people in present.items():
        picture = ground(time)
        for x in people:
            picture[170:230, round(x) - 30 : round(x) + 30] = 128
        yield Frame(float(time), picture)


def still(time: int) -> Image:
    del time
    return np.zeros((720, 1280, 3), np.uint8)


def restless(time: int) -> Image:
    """Nothing is as it was in the last frame."""
    return np.full((720, 1280, 3), time % 7 * 40, np.uint8)


def seen_by(
    finder: Finder, settings: Settings, workers: int = 2, ground: Ground = restless
) -> list[SeenFrame]:
    with ThreadPoolExecutor(workers) as pool:
        given = frames(finder.present, ground)
        spec = CropSpec(size=64)
        return list(look(given, finder, spec, settings, pool, ahead=workers + 1))


@pytest.mark.parametrize(
    ("count", "least", "whole"),
    [
        (8, 3, {0, 3, 6, 7}),
        (7, 3, {0, 3, 6}),
        (6, 4, {0, 4, 5}),
        (4, 1, {0, 1, 2, 3}),
        (1, 3, {0}),
        (2, 3, {0, 1}),
    ],
)
@pytest.mark.parametrize("workers", [1, 3])
def test_frames_searched_whole(count: int, least: int, whole: set[int], workers: int):
    finder = Finder(dict.fromkeys(range(count), (HERE,)))
    seen = seen_by(finder, Settings(min_frames=least), workers)
    assert [frame.time for frame in seen] == list(range(count))
    assert all(len(frame.faces) == 1 for frame in seen)
    assert finder.whole == whole


def test_a_place_that_looks_as_it_did_is_not_searched_again():
    finder = Finder(dict.fromkeys(range(12), (HERE,)))
    seen = seen_by(finder, Settings(), ground=still)
    assert all(len(frame.faces) == 1 for frame in seen)
    assert finder.whole == {0}


def test_nobody_is_looked_for_again_where_nothing_moves():
    finder = Finder({n: (THERE,) if n in (7, 8) else () for n in range(12)})
    seen = seen_by(finder, Settings(), ground=still)
    assert [len(frame.faces) for frame in seen] == [int(n in (7, 8)) for n in range(12)]
    assert finder.whole <= {0, 6, 7, 8, 9}


def test_all_are_where_following_is_off():
    finder = Finder(dict.fromkeys(range(6), (HERE,)))
    seen_by(finder, Settings(follow=False))
    assert finder.whole == set(range(6))


def test_all_are_where_pictures_are_too_large_to_be_held(monkeypatch):
    monkeypatch.setattr(clip, "HELD", 1000)
    finder = Finder(dict.fromkeys(range(6), (HERE,)))
    assert len(seen_by(finder, Settings())) == 6
    assert finder.whole == set(range(6))


@pytest.mark.parametrize("start", range(8))
@pytest.mark.parametrize("least", [2, 3, 4])
@pytest.mark.parametrize("ground", [still, restless])
def test_who_is_there_long_enough_to_be_scored_is_seen_all_that_time(
    start: int, least: int, ground: Ground
):
    """Beside someone who stays, and however that falls on the frames that are searched whole."""
    stay = range(start, start + least)
    finder = Finder({n: (HERE, THERE) if n in stay else (HERE,) for n in range(12)})
    seen = seen_by(finder, Settings(min_frames=least), ground=ground)
    assert [len(frame.faces) for frame in seen] == [1 + (n in stay) for n in range(12)]


def test_no_picture_is_kept_longer_than_it_takes():
    """A clip's frames are large: some are held at a time, whatever its length."""
    alive: list[int] = []
    counted = Counted()

    def watched() -> Iterator[Frame]:
        for time in range(60):
            picture = np.zeros((72, 128, 3), np.uint8).view(counted.kind)
            counted.alive += 1
            alive.append(counted.alive)
            yield Frame(float(time), picture)

    finder = Finder(dict.fromkeys(range(60), (HERE,)))
    with ThreadPoolExecutor(2) as pool:
        for _ in look(watched(), finder, CropSpec(size=64), Settings(), pool, ahead=3):
            pass
    assert max(alive) < 16


class Counted:
    """Pictures that are counted while they live."""

    def __init__(self) -> None:
        counter = self

        class Picture(np.ndarray):
            def __del__(self) -> None:
                counter.alive -= 1

        self.kind = Picture
        self.alive = 0
