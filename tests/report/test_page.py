from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest

from builders import CARD, make_evidence, make_face, make_glimpses, make_media, make_report
from unmask.errors import Reason
from unmask.report import render_page
from unmask.types import FrameCounts, Thresholds

PLANTED = "<script>alert(1)</script>[red]x[/red]\x1b[31m\n\u202e&amp;\"'"
REASONS = Reason.__args__


class Reader(HTMLParser):
    """Collects the tags, the addresses and the text of a page; fails on tags left open."""

    VOID = frozenset({"img", "meta", "br", "rect", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, _attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not self._open or self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(report, **options) -> Reader:
    return Reader(render_page(report, CARD, **options))


@pytest.mark.parametrize(
    ("verdict", "heading"),
    [
        ("fake", "Signs of face manipulation found"),
        ("real", "No sign of face manipulation found"),
        ("uncertain", "Uncertain"),
    ],
)
def test_a_verdict_in_words_with_its_probability_bands_and_limits(verdict, heading):
    page = read(make_report("clip.mp4", verdict))
    assert heading in page.text
    assert {"fake": "95 %", "real": "4 %", "uncertain": "55 %"}[verdict] in page.text
    assert "95 % interval" in page.text
    assert "If 50 % of the files you look at are fake (the prior)" in page.text
    assert "at most 1 % of genuine files" in page.text
    assert "Voice and sound, wholly generated pictures" in page.text
    assert "the level of a whole video is not validated" in page.text


@pytest.mark.parametrize("reason", REASONS)
def test_an_abstention_says_why_and_what_to_do_and_has_no_score(reason):
    page = read(make_report("a.mp4", None, abstention=reason, message="this is why"))
    assert "No verdict" in page.text
    assert "This is why." in page.text
    assert "probability of fake" not in page.text.casefold()
    assert "svg" not in page.tags


def test_nothing_is_fetched_and_nothing_runs():
    html = render_page(make_report(), CARD)
    page = Reader(html)
    assert {address.split(",")[0] for address in page.addresses} == {"data:image/jpeg;base64"}
    assert "default-src 'none'" in html
    assert not {"script", "iframe", "object", "link"} & set(page.tags)
    assert "url(" not in html
    assert "@import" not in html


def test_planted_text_is_inert():
    report = make_report(
        f"{PLANTED}.mp4",
        media=make_media(tags={PLANTED: PLANTED}),
        message=PLANTED,
        notes=(PLANTED,),
    )
    card = {PLANTED: [PLANTED, {PLANTED: PLANTED}], "limits": [PLANTED]}
    html = render_page(report, card, settings={PLANTED: PLANTED})
    page = Reader(html)
    assert "script" not in page.tags
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert page.text.count("<script>alert(1)</script>[red]x[/red]\\x1b[31m\\n\\u202e&amp;\"'") >= 8


def test_the_facts_of_the_file_and_the_model_are_all_there():
    report = make_report()
    page = read(report, settings={"Frames asked for": 32}, now=datetime(2026, 1, 2, 3, tzinfo=UTC))
    for fact in (
        report.sha256,
        report.model.sha256,
        "mp4, h264, yuv420p",
        "1920 × 1080 px, turned by 90°",
        "29.97 per second",
        "4.8 MB (4,812,345 bytes)",
        "300 in the file, 300 decoded",
        "Lavf59.27.100",
        "Time: creation time 2026-03-02T10:11:12Z",
        "Streams video h264, audio aac",
        "calibrated on single frames, video level not validated",
        "dfdc (1,194 real)",
        "AUC identities resampled 0.930 0.910–0.950 DFDC validation 2,444 pictures",
        "manifest sha256",
        "Children were hardly seen in training.",
        "Frames asked for",
        "on 2026-01-02 at 03:00 UTC",
        "unmask 0.1.0",
    ):
        assert fact in page.text


def test_a_clip_has_a_timeline_a_point_a_frame_and_a_still_has_none():
    face = make_face(frames=5)
    assert render_page(make_report(faces=(face,)), CARD).count("<circle") == 5
    still = make_report("a.jpg", kind="image", media=make_media(kind="image", duration=None))
    assert "<svg" not in render_page(still, CARD)
    assert "level of a whole video" not in read(still).text


def test_the_timeline_does_not_bridge_the_time_out_of_sight():
    face = make_face(frames=10)
    seen = face.model_copy(update={"frames": face.frames[:4] + face.frames[8:]})
    html = render_page(make_report(faces=(seen,), evidence=make_evidence(seen)), CARD)
    assert html.count('class="line"') == 2
    assert html.count("not seen</div>") == 5


def test_the_frames_below_the_timeline_stand_below_their_time():
    face = make_face(frames=32)
    report = make_report(faces=(face,), evidence=make_evidence(face))
    html = render_page(report, CARD)
    slots = re.findall(r"</b> ([0-9.]+) s</div>", html)
    assert len(slots) == 10
    for index, time in enumerate(map(float, slots)):
        assert index * 1.001 <= time <= (index + 1) * 1.001
    assert html.count('class="dot shown"') == 10


def test_the_heat_map_stands_on_the_crop_and_on_the_whole_frame():
    html = render_page(make_report(), CARD)
    assert html.count('alt="The same face with the heat map laid over it"') == 2
    assert html.count('alt="The whole frame with the heat map laid over it"') == 2
    plain = render_page(make_report(evidence=make_evidence(make_face(), cam=False)), CARD)
    assert plain.count('alt="The whole frame, the face outlined"') == 2
    assert "heat map laid over" not in plain


def test_every_score_stands_in_a_table():
    page = read(make_report())
    assert "Every score" in page.text
    face = make_report().faces[0]
    for frame in face.frames:
        assert f"1 {frame.time:.2f} " in page.text
    long = make_face(frames=100)
    assert "36 more stand in the JSON" in read(make_report(faces=(long,), evidence=())).text


def test_a_person_who_could_not_be_scored_is_shown():
    rare = make_face(1, None, frames=2)
    pictures = make_evidence(rare, cam=False)
    rare = rare.model_copy(update={"frames": ()})
    html = render_page(make_report(faces=(make_face(0), rare), evidence=pictures), CARD)
    assert html.count('alt="A face that was seen and not scored"') == 2


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("small", "smaller than the least size"),
        ("cut", "too far outside the picture"),
        ("crowd", "beyond the most faces"),
    ],
)
def test_faces_passed_over_are_outlined_with_the_reason(reason, words):
    html = render_page(make_report(glimpses=make_glimpses(reason, reason)), CARD)
    assert "What was looked at" in html
    assert f"2 faces were {words}" in html
    assert "<b>22 px, 22 px</b>" in html
    assert "What was looked at" not in render_page(make_report(glimpses=make_glimpses()), CARD)


def test_an_abstention_shows_what_was_looked_at():
    report = make_report(verdict=None, glimpses=make_glimpses(frames=32))
    page = read(report)
    assert "10 of the 32 frames that were sampled." in page.text
    assert page.tags.count("img") == 10
    few = read(make_report(verdict=None, glimpses=make_glimpses(frames=3)))
    assert "All 3 frames that were sampled." in few.text
    late = make_glimpses(frames=40)
    late = (*late[:7], late[7].__class__(17.5, late[7].thumbnail, make_glimpses("small")[0].passed))
    assert "22 px" in read(make_report(verdict=None, glimpses=(*late, *make_glimpses()))).text


def test_most_and_least_suspicious_frames_stand_side_by_side():
    page = read(make_report())
    assert "Most suspicious: " in page.text
    assert "Least suspicious: " in page.text
    assert "Every frame that was scored" in page.text


def test_people_come_most_suspicious_first_and_unscored_ones_say_why():
    faces = (make_face(0, 0.2), make_face(1, None), make_face(2, 0.9))
    page = read(make_report(faces=faces, evidence=()))
    order = re.findall(r"Person \d", page.text)
    assert order == ["Person 3", "Person 1", "Person 2"]
    assert "Only 3 frames of this person could be scored." in page.text
    assert "The 3 people found" in page.text


def test_pages_of_reports_without_pictures_or_maps():
    assert "img" not in read(make_report(evidence=())).tags
    flat = read(make_report(evidence=make_evidence(make_face(), cam=False)))
    assert "Heat map" not in flat.text
    assert "img" in flat.tags


def test_a_budget_beyond_the_calibration_set_is_said():
    bands = Thresholds(max_false_alarm_rate=0.0001, faces=1, fake=None, real=-1)
    page = read(make_report(verdict="uncertain", thresholds=bands))
    assert "calibration set is too small" in page.text


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_certain_scores_and_wild_maps_are_drawn(probability):
    face = make_face(probability=0.5)
    sure = face.frames[0].model_copy(update={"probability": probability})
    face = face.model_copy(update={"frames": (sure, *face.frames[1:])})
    hot = np.full((5, 5), 1e6, np.float32)
    evidence = tuple(
        item.__class__(item.track, item.time, item.crop, hot, item.thumbnail)
        for item in make_evidence(face)
    )
    page = read(make_report(faces=(face,), evidence=evidence, probability=probability))
    assert not re.search(r"\b(0|100)\N{NO-BREAK SPACE}%", "".join(page.words))
    assert {0.0: "<1", 1.0: ">99"}[probability] in page.text


def test_an_empty_file_without_facts():
    report = make_report(
        "empty.mp4",
        None,
        abstention="unreadable",
        sha256=None,
        kind=None,
        media=None,
        frames=FrameCounts(expected=0, decoded=0, analysed=0),
    )
    assert "unmask report on a file" in read(report).text
