"""The page of a batch in a browser: sorted and filtered by its script, whole without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from builders import CARD, make_report
from unmask.report import write_reports

PLANTED = '"><img src=x onerror=document.title=1>.mp4'


@pytest.fixture
def address(tmp_path):
    reports = [
        make_report("b.mp4", "real"),
        make_report("c.mp4", "fake"),
        make_report("a.mp4", None, message="no face was found"),
        make_report(PLANTED, "uncertain"),
    ]
    return write_reports(reports, tmp_path, CARD).as_uri()


def shown(page) -> list[str]:
    """First letters of the names in the table, from the top."""
    names = page.locator("table.files tbody tr:not([hidden]) td.name a").all_text_contents()
    return [name[0] for name in names]


def test_rows_are_sorted_found_and_filtered(open_page, address):
    page = open_page(address)
    assert shown(page) == ["c", '"', "a", "b"]
    page.get_by_role("button", name="File").click()
    assert shown(page) == ['"', "a", "b", "c"]
    head = page.get_by_role("columnheader", name="Probability of fake")
    head.get_by_role("button").press("Enter")
    assert shown(page) == ["c", '"', "b", "a"]
    expect(head).to_have_attribute("aria-sort", "descending")
    page.get_by_label("Find").fill("was FOUND")
    assert shown(page) == ["a"]
    expect(page.get_by_role("status")).to_have_text("1 of 4 shown")
    page.get_by_label("Find").fill("")
    page.get_by_label("no verdict").uncheck()
    page.get_by_label("fake", exact=True).uncheck()
    assert shown(page) == ['"', "b"]
    assert page.title() == "unmask: 4 files"


def test_without_script_every_row_is_there_and_no_control(open_page, address):
    page = open_page(address, java_script_enabled=False)
    assert shown(page) == ["c", '"', "a", "b"]
    expect(page.get_by_label("Find")).to_be_hidden()
    expect(page.get_by_role("button")).to_have_count(0)
