"""The page of a batch: complete without its script, which is the only one that may run."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

from builders import CARD, make_glimpses, make_report
from unmask.report import write_reports

PLANTED = "</script><script>alert(1)</script>\" onload=x [red]\x1b[31m=cmd|'/C calc'!A0"


def index_of(folder, *reports, **options) -> str:
    return write_reports(reports, folder, CARD, **options).read_text(encoding="utf-8")


def test_the_only_script_is_the_one_that_the_policy_names(tmp_path):
    html = index_of(tmp_path, make_report(f"{PLANTED}.mp4", message=PLANTED))
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert html.count("<script") == 1
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")
    assert "innerHTML" not in script
    assert "\x1b" not in html
    page = next(path for path in tmp_path.glob("*.html") if path.name != "index.html")
    assert "script-src" not in page.read_text(encoding="utf-8")


def test_rows_stand_in_order_with_all_that_is_sorted_by_and_controls_wait_for_the_script(tmp_path):
    html = index_of(
        tmp_path,
        make_report("a.mp4", "real"),
        make_report("b.mp4", None),
        make_report("c.mp4", "uncertain"),
        make_report("d.mp4", "fake"),
    )
    rows = re.findall(r"<tr (data-[^>]*)>", html)
    assert [re.search(r'data-tone="(\w+)"', row)[1] for row in rows] == [
        "fake", "uncertain", "none", "real",
    ]  # fmt: skip
    keys = set(re.findall(r'data-key="(\w+)"', html))
    assert keys == {"name", "rank", "probability", "people", "message"}
    assert all(f"data-{key}=" in row for row in rows for key in keys)
    assert '<div class="controls" hidden>' in html
    assert len(re.findall(r'type="checkbox" value="\w+" checked', html)) == 4


def test_a_file_without_a_face_has_its_picture_and_the_detector_is_named(tmp_path):
    report = make_report("a.png", None, glimpses=make_glimpses(frames=1))
    html = index_of(tmp_path, report, settings={"Prior": "one in two"})
    assert html.count("data:image/jpeg") == 1
    assert report.model.sha256 in html
    assert "one in two" in html
