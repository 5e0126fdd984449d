from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import CARD, make_face, make_report
from unmask.report.axis import Axis, bands, clock, log_odds, runs, time_ticks, to_probability
from unmask.report.card import outline, summarize_card
from unmask.report.pictures import fit, overlay, overlay_on_frame
from unmask.report.text import percent, printable
from unmask.types import Thresholds


@given(st.text(st.characters()))
def test_printable_text_is_one_inert_line(text):
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode("utf-8")
    assert printable(shown) == shown


def test_printable_leaves_languages_and_emoji_alone():
    text = "café 语音 नमस्ते \N{ARABIC LETTER MEEM}\u200c 👩\u200d🚒"
    assert printable(text) == text


@pytest.mark.parametrize(
    ("probability", "text"), [(0, "<1"), (0.005, "1"), (0.985, "99"), (0.995, ">99"), (1, ">99")]
)
def test_percent_never_claims_certainty(probability, text):
    assert percent(probability) == f"{text}\N{NO-BREAK SPACE}%"


@given(st.floats(1e-5, 1 - 1e-5))
def test_log_odds_and_probability_are_inverse(probability):
    assert to_probability(log_odds(probability)) == pytest.approx(probability)


@given(st.floats(-50, 50))
def test_the_axis_holds_everything_in_order(score):
    axis = Axis.for_report(make_report())
    assert 0 <= axis.at(score) <= axis.at(score + 0.1) <= 1


def test_bands_move_with_the_prior_as_the_probability_does():
    thresholds = Thresholds(max_false_alarm_rate=0.01, faces=1, fake=2.0, real=-1.0)
    real, fake = bands(make_report(thresholds=thresholds, prior=0.1))
    assert (real, fake) == pytest.approx((-1 + log_odds(0.1), 2 + log_odds(0.1)))


@pytest.mark.parametrize("duration", [0.0, 0.04, 1, 9.9, 61, 600, 3600, 14400])
def test_time_ticks_are_few_and_inside(duration):
    ticks = time_ticks(duration)
    assert 1 <= len(ticks) <= 8
    assert all(0 <= place <= 1 for place, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (3.2, "3.2 s"), (65, "1:05"), (7200, "2:00:00")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_runs_of_one_frame_and_of_none():
    assert runs(make_face(frames=1)) == [[0]]
    assert runs(make_face(frames=0)) == []


def test_an_overlay_warms_only_what_speaks_for_fake():
    crop = np.full((40, 40, 3), 128, np.uint8)
    cam = np.full((5, 5), -3, np.float32)
    assert (overlay(crop, cam, 1.0) == crop).all()
    warm = overlay(crop, -cam, 1.0)
    assert (warm[..., 0] > warm[..., 2] + 50).all()


@pytest.mark.parametrize("turn", [0, 20, -75])
def test_the_map_lies_on_the_frame_where_the_crop_was_cut(turn):
    """A warm cell of the crop comes out where the transform takes that part of the crop."""
    size, width, height = 160, 1280, 720
    angle = np.deg2rad(turn)
    linear = 0.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([700.0, 300.0])
    transform = np.column_stack((linear, size / 2 - linear @ centre))
    cam = np.zeros((5, 5), np.float32)
    cam[1, 3] = 4
    small = np.zeros((height // 2, width // 2, 3), np.uint8)
    laid = overlay_on_frame(small, cam, width=width, size=size, transform=transform, scale=4.0)
    ys, xs = np.nonzero(laid[..., 0] > 0.8 * laid[..., 0].max())
    found = np.array([xs.mean(), ys.mean()]) * 2 + 0.5
    warm = np.array([3.5 / 5 * size, 1.5 / 5 * size]) - 0.5
    wanted = np.linalg.solve(linear, warm - transform[:, 2])
    assert np.abs(found - wanted).max() < 4
    cold = overlay_on_frame(
        small, np.full_like(cam, -3), width=width, size=size, transform=transform, scale=4.0
    )
    assert (cold == small).all()


def test_fit_shrinks_and_never_grows():
    image = np.zeros((30, 300, 3), np.uint8)
    assert fit(image, 100).shape == (10, 100, 3)
    assert fit(image, 1000) is image
    assert fit(np.zeros((1, 500, 3), np.uint8), 10).shape == (1, 10, 3)


def test_outline_of_a_card():
    card = {
        "a_b": 0.123456,
        "on": True,
        "none": None,
        "empty": {},
        "list": [],
        "deep": [{"x": "y"}],
    }
    assert outline(card) == {
        "a b": "0.1235",
        "on": "yes",
        "none": "–",
        "empty": "none",
        "list": "none",
        "deep": [{"x": "y"}],
    }


def test_the_summary_of_a_card_leaves_out_what_only_the_machine_reads():
    summary = summarize_card(CARD)
    assert "replicates" not in str(summary)
    assert "3.2" not in str(summary)
    assert summary.facts["Calibrated on"] == "validation zip"
    assert list(summary.details) == ["Training"]
    assert summary.results[0].interval == "0.910–0.950"
    assert summary.limits == CARD["limits"]
    assert summarize_card({}).facts == {}
