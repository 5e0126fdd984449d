from __future__ import annotations

import re

import pytest

from builders import make_report
from unmask.report import HtmlWriter, write_reports

CARD = {"name": "lite", "version": "1.0"}


def test_the_index_links_every_page_with_its_verdict(tmp_path):
    reports = [
        make_report("a/real.mp4", "real"),
        make_report("fake.mp4"),
        make_report("b/none.mp4", None),
    ]
    index = write_reports(reports, tmp_path / "new" / "folder", CARD)
    html = index.read_text()
    links = re.findall(r'href="([^"]+)"', html)
    assert [link.split("-")[0] for link in links] == ["fake", "none", "real"]
    assert all((index.parent / link).is_file() for link in links)
    assert "3 files analysed" in html
    assert "1 no sign found" in html
    assert html.count("data:image/jpeg") == 2


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "index.html",
        ".hidden",
        "CON",
        "a b/ü ñ.mp4",
        "语音.mp4",
        '"><script>.png',
        "x" * 400 + ".mp4",
        "..",
        "new\nline\x1b[31m.jpg",
    ],
)
def test_names_of_pages_are_safe(path, tmp_path):
    with HtmlWriter(tmp_path, CARD) as writer:
        page = writer.add(make_report(path))
    assert page.parent == tmp_path
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}\.html", page.name)
    assert page.name not in {"index.html", "CON.html"}
    assert page.is_file()


def test_names_never_collide(tmp_path):
    with HtmlWriter(tmp_path, CARD) as writer:
        pages = [
            writer.add(make_report(path, None, sha256=sha))
            for path in ("a/x.mp4", "b/x.mp4", "A/X.MP4", "x-mp4")
            for sha in ("aa" * 32, "aa" * 32, "bb" * 32, None)
        ]
    assert len({page.name.lower() for page in pages}) == 16


def test_the_index_is_written_when_a_run_is_cut_short(tmp_path):
    def interrupted():
        yield make_report()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_reports(interrupted(), tmp_path, CARD)
    assert "1 file analysed" in (tmp_path / "index.html").read_text()


def test_planted_names_are_inert_in_the_index(tmp_path):
    report = make_report("<img src=x onerror=alert(1)>\x1b[31m\u202e.mp4", message="<b>[red]")
    html = write_reports([report], tmp_path, CARD).read_text()
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert "&lt;b&gt;[red]" in html
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_an_empty_run_has_an_index(tmp_path):
    assert "0 files analysed" in write_reports([], tmp_path, CARD).read_text()
