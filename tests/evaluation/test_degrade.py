"""Degradations: what they keep, that they repeat, and that each is worse than the one before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portraits import portrait
from unmask.errors import SettingError
from unmask.evaluation.degrade import DEGRADATIONS, Shot

NAMES = sorted(DEGRADATIONS)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def shots(draw):
    height, width, seed = draw(st.integers(1, 40)), draw(st.integers(1, 40)), draw(SEEDS)
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Shot(image, draw(st.floats(1, 300)), seed, draw(st.integers(0, 99)))


@pytest.mark.parametrize("name", NAMES)
@given(shot=shots(), data=st.data())
def test_the_contract_of_every_degradation(name, shot, data):
    degradation = DEGRADATIONS[name]
    severity = data.draw(st.integers(0, len(degradation.levels)))
    before = shot.image.copy()
    found = degradation(shot, severity)
    assert found.dtype == np.uint8
    assert found.ndim == 3
    assert found.shape[2] == 3
    if severity == 0:
        assert found is shot.image
    if degradation.resizes:
        assert 1 <= found.shape[0] <= before.shape[0]
        assert 1 <= found.shape[1] <= before.shape[1]
    else:
        assert found.shape == before.shape
    assert (degradation(shot, severity) == found).all()
    assert (shot.image == before).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_higher_severity_takes_more(name):
    shot = Shot(portrait(), 120.0)
    degraded = [DEGRADATIONS[name](shot, n) for n in range(len(DEGRADATIONS[name].levels) + 1)]
    if DEGRADATIONS[name].resizes:
        losses = [-image.size for image in degraded]
    else:
        losses = [float(np.abs(image - shot.image.astype(float)).mean()) for image in degraded]
    assert losses == sorted(set(losses))


@pytest.mark.parametrize("name", NAMES)
def test_a_severity_that_is_not_there_is_refused(name):
    for severity in (-1, len(DEGRADATIONS[name].levels) + 1):
        with pytest.raises(SettingError, match="severity must be from 0 to"):
            DEGRADATIONS[name](Shot(portrait(), 120.0), severity)


def test_grain_is_new_in_each_frame_and_the_window_moves_for_the_whole_clip():
    image = portrait()
    first, second = (Shot(image, 120.0, 7, frame) for frame in (0, 1))
    assert (DEGRADATIONS["noise"](first, 1) != DEGRADATIONS["noise"](second, 1)).any()
    assert (DEGRADATIONS["shift"](first, 3) == DEGRADATIONS["shift"](second, 3)).all()


def test_all_corners_of_a_picture_are_reached_by_shifts():
    image = portrait()
    places = {
        (DEGRADATIONS["shift"](Shot(image, 120.0, seed), 3)[0, 0].tobytes()) for seed in range(40)
    }
    assert len(places) == 4


def test_a_face_is_shrunk_to_its_size_and_never_enlarged():
    image = portrait(size=200)
    assert DEGRADATIONS["face"](Shot(image, 100.0), 3).shape == (96, 96, 3)
    assert DEGRADATIONS["face"](Shot(image, 40.0), 3) is image


@pytest.mark.parametrize("face", [0.0, float("nan")])
def test_a_shot_without_a_face_is_refused(face):
    with pytest.raises(SettingError, match="face must be above 0 pixels"):
        Shot(portrait(), face)
