"""The PDF says what the page says, and nothing in it acts."""

from __future__ import annotations

import sys

import numpy as np
import pypdfium2
import pytest

from builders import CARD, make_evidence, make_face, make_glimpses, make_media, make_report
from unmask.errors import MissingExtraError, SettingError
from unmask.report import PdfWriter, make_pdf, render_page
from unmask.report import pdf as module

PLANTED = "<script>alert(1)</script>[red]x[/red]\x1b[31m=cmd|' /C calc'!A0"


def text_of(pdf: bytes) -> tuple[int, str]:
    """The number of pages, and the text on them."""
    document = pypdfium2.PdfDocument(pdf)
    words = " ".join(page.get_textpage().get_text_bounded() for page in document)
    return len(document), " ".join(words.split())


def test_a_report_on_paper_is_complete_and_numbers_its_pages():
    report = make_report(glimpses=make_glimpses("small"))
    pages, text = text_of(make_pdf(render_page(report, CARD, settings={"Prior": "one half"})))
    for words in (
        "Signs of face manipulation found",
        "95 % interval",
        "at most 1 % of genuine files",
        "Most suspicious: ",
        "Lavf59.27.100",
        report.sha256,
        report.model.sha256,
        "0.910–0.950",
        "What this report cannot say",
        "Every score",
        "1 face was smaller",
        f"1 / {pages}",
        f"{pages} / {pages}",
    ):
        assert words in text
    assert "unmask report · clip.mp4" in text


def test_planted_text_is_shown_and_does_nothing():
    report = make_report(
        f"{PLANTED}.mp4", media=make_media(tags={PLANTED: PLANTED}), notes=(PLANTED,)
    )
    pdf = make_pdf(render_page(report, {PLANTED: PLANTED, "limits": [PLANTED]}))
    _, text = text_of(pdf)
    assert text.count("<script>alert(1)</script>[red]x[/red]\\x1b[31m=cmd") >= 4
    for word in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/OpenAction", b"/EmbeddedFile"):
        assert word not in pdf


def test_nothing_is_fetched(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP SECRET")
    page = (
        f"<p>shown</p><img src='{secret.as_uri()}'><iframe src='{secret.as_uri()}'></iframe>"
        f"<link rel=attachment href='{secret.as_uri()}'><img src='http://127.0.0.1:9/x.png'>"
    )
    pdf = make_pdf(page)
    assert text_of(pdf)[1] == "shown"
    assert b"secret" not in pdf


@pytest.mark.parametrize(
    ("people", "frames", "size"),
    [(1, 1, (180, 320)), (1, 64, (320, 180)), (3, 9, (40, 640)), (7, 3, (640, 40))],
)
def test_any_number_of_people_and_frames_is_set(people, frames, size):
    faces = [make_face(number, 0.9 - 0.1 * number, frames=frames) for number in range(people)]
    small = np.full((*size, 3), 120, np.uint8)
    evidence = [
        item.__class__(item.track, item.time, item.crop, item.cam, small, item.transform)
        for face in faces
        for item in make_evidence(face, size=48)
    ]
    report = make_report(
        "x" * 300 + ".mp4", "uncertain", faces=tuple(faces), evidence=tuple(evidence)
    )
    pages, text = text_of(make_pdf(render_page(report, CARD)))
    assert f"{pages} / {pages}" in text
    assert all(f"Person {number + 1}" in text for number in range(people))


def test_a_folder_of_pdfs_and_a_single_one(tmp_path):
    writer = PdfWriter(tmp_path / "new" / "folder", CARD)
    paths = [writer.add(make_report(name, None)) for name in ("a.mp4", "A.mp4")]
    assert [path.suffix for path in paths] == [".pdf", ".pdf"]
    assert len({path.name.lower() for path in paths}) == 2
    one = PdfWriter(tmp_path / "deep" / "one.PDF", CARD).add(make_report("a.mp4", None))
    assert one == tmp_path / "deep" / "one.PDF"
    assert one.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("failure", "error", "cure"),
    [
        (ModuleNotFoundError("no weasyprint"), MissingExtraError, "unmask[pdf]"),
        (OSError("cannot load library 'libpango-1.0-0'"), SettingError, "apt-get install libpango"),
    ],
)
def test_what_is_missing_is_one_line_with_the_cure(failure, error, cure, monkeypatch, tmp_path):
    def load(_name):
        sys.stdout.write("WeasyPrint could not import some external libraries")
        raise failure

    module._load.cache_clear()
    monkeypatch.setattr(module, "import_module", load)
    out = sys.stdout
    with pytest.raises(error) as raised:
        PdfWriter(tmp_path / "out", CARD)
    assert cure in str(raised.value)
    assert "\n" not in str(raised.value)
    assert sys.stdout is out
    assert not (tmp_path / "out").exists()
    module._load.cache_clear()


def test_a_page_written_before_is_set_by_the_module(tmp_path, monkeypatch):
    (tmp_path / "a.html").write_text(render_page(make_report(verdict=None), CARD))
    monkeypatch.setattr(sys, "argv", ["pdf", str(tmp_path / "a.html"), str(tmp_path / "a.pdf")])
    module.main()
    assert "No verdict" in text_of((tmp_path / "a.pdf").read_bytes())[1]
