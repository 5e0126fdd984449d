"""How much a face counts: by its size, its sharpness and its turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.detect.quality import Quality, turn_of
from unmask.faces.align import CANONICAL

QUALITY = Quality(size=80, sharpness=12, turn=30, least=0.1)
HEAD = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.55, 0.42], [-0.40, 1.08, 0.10], [0.40, 1.08, 0.10]]
)
"""Eyes, nose tip and mouth corners of a head, in distances between the eyes."""


def turned(degrees, tilt=0.0, scale=60.0):
    """Landmarks of a head that is turned to its side, and tilted in the plane of the picture."""
    a, b = np.radians(degrees), np.radians(tilt)
    side = HEAD[:, 0] * np.cos(a) + HEAD[:, 2] * np.sin(a)
    flat = np.column_stack([side, HEAD[:, 1]])
    return scale * flat @ np.array([[np.cos(b), np.sin(b)], [-np.sin(b), np.cos(b)]]) + 200


@pytest.mark.parametrize("degrees", [-60, -40, -20, 0, 20, 40, 60])
def test_a_turn_is_about_what_it_is(degrees):
    assert turn_of(turned(degrees)) == pytest.approx(abs(degrees), abs=12)


@given(st.floats(-70, 70), st.floats(-60, 60), st.floats(5, 500))
def test_neither_tilt_nor_size_is_a_turn(degrees, tilt, scale):
    assert turn_of(turned(degrees, tilt, scale)) == pytest.approx(
        turn_of(turned(degrees)), abs=1e-6
    )


def test_the_more_turned_the_larger():
    turns = [turn_of(turned(degrees)) for degrees in range(0, 81, 10)]
    assert turns == sorted(turns)


def test_the_mean_face_looks_ahead():
    assert turn_of(100 * CANONICAL) == pytest.approx(0, abs=1e-9)


def test_landmarks_on_one_point_are_a_profile():
    assert turn_of(np.zeros((5, 2))) == 90


def test_a_good_face_counts_in_full():
    assert QUALITY.weigh(80, 12, turned(0)) == 1
    assert QUALITY.weigh(800, 500, turned(20)) == 1


def test_small_blurred_and_turned_faces_count_less():
    assert QUALITY.weigh(40, 12, turned(0)) == pytest.approx(0.5)
    assert QUALITY.weigh(80, 3, turned(0)) == pytest.approx(0.25)
    assert QUALITY.weigh(80, 12, turned(65)) < 0.7
    assert QUALITY.weigh(8, 0, turned(80)) == 0.1


FACTS = st.tuples(st.floats(1, 500), st.floats(0, 500), st.floats(0, 80))


@given(FACTS, FACTS)
def test_a_face_that_is_better_in_all_never_counts_less(a, b):
    better = (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]))
    worse = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]))
    high, low = (QUALITY.weigh(s, f, turned(t)) for s, f, t in (better, worse))
    assert 0.1 <= low <= high <= 1
