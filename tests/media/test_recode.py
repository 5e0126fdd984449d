"""One picture through a video codec: its size is kept, more is lost the coarser it is coded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_files import noisy
from unmask.errors import SettingError
from unmask.media.recode import through_h264


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from((0, 23, 51)), st.integers(0, 99))
def test_any_size_comes_back_the_same_each_time(height, width, crf, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    before = image.copy()
    found = through_h264(image, crf)
    assert found.shape == image.shape
    assert found.dtype == np.uint8
    assert (through_h264(image, crf) == found).all()
    assert (image == before).all()


def test_a_coarser_factor_loses_more():
    picture = noisy(5, 161, 95)
    losses = [
        np.abs(through_h264(picture, crf) - picture.astype(float)).mean() for crf in (10, 23, 36)
    ]
    assert losses[0] < 9  # halved chroma, on coloured noise
    assert losses[0] < losses[1] < losses[2] < 20


def test_colours_stay_what_they_are():
    flat = np.full((31, 33, 3), (200, 120, 40), np.uint8)
    assert np.abs(through_h264(flat, 23).astype(int) - flat).max() <= 4


@pytest.mark.parametrize("crf", [-1, 52])
def test_a_factor_out_of_range_is_refused(crf):
    with pytest.raises(SettingError, match=f"crf must be from 0 to 51. Got {crf}"):
        through_h264(np.zeros((8, 8, 3), np.uint8), crf)


def test_what_is_no_picture_is_refused():
    with pytest.raises(SettingError, match="image must be uint8"):
        through_h264(np.zeros((8, 8), np.uint8), 23)
