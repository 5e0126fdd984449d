"""What a caller may choose, and what not."""

from __future__ import annotations

import pytest

from unmask.detect import Settings
from unmask.errors import SettingError


def test_the_defaults_are_those_of_the_documentation():
    settings = Settings()
    assert (settings.frames, settings.prior, settings.max_false_alarm_rate) == (32, 0.5, 0.01)
    assert (settings.finder, settings.evidence) == ("centerface", False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frames", 0),
        ("frames", 2),  # fewer than a person must be seen in
        ("min_frames", 0),
        ("min_frames", 33),
        ("max_faces", 0),
        ("prior", 0.0),
        ("prior", 1.0),
        ("prior", float("nan")),
        ("max_false_alarm_rate", 0.0),
        ("max_false_alarm_rate", 1.5),
        ("min_face", 0.0),
        ("min_face", float("nan")),
        ("threads", -1),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=name) as caught:
        Settings(**{name: value})
    assert str(value) in str(caught.value)


def test_few_frames_are_taken_where_few_are_asked_of_a_person():
    assert Settings(frames=1, min_frames=1).frames == 1


def test_settings_are_values():
    assert Settings() == Settings()
    assert hash(Settings(frames=8)) == hash(Settings(frames=8))
    with pytest.raises(AttributeError):
        Settings().frames = 4
