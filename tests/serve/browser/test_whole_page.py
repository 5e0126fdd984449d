"""From a file that is dropped to its verdict, with the detector that ships."""

from __future__ import annotations

from playwright.sync_api import expect

from serve.browser.staging import PATIENCE, SAMPLES, until
from unmask.detect import load_bundle

FILES = ["real/astronaut.mp4", "forged/astronaut-faceswap.mp4"]


def test_a_real_and_a_forged_clip_and_a_text(served, open_page, tmp_path):
    base = served.partition("?")[0]
    page = open_page(served)
    expect(page.get_by_role("heading", level=1)).to_have_text("Has a face been forged?")
    assert "token" not in page.url
    headings = {
        "fake": "Signs of face manipulation found",
        "real": "No sign of face manipulation found",
        "uncertain": "Uncertain: the score decides neither way",
    }
    for file in FILES:
        page.set_input_files("#files", SAMPLES / file)
        name = file.partition("/")[2]
        expect(page.locator(".about .name strong")).to_have_text(name, timeout=PATIENCE)
        wanted = page.request.get(f"{base}v1/analyses/{page.url[-32:]}/report.json").json()
        expect(page.get_by_role("heading", level=1)).to_have_text(headings[wanted["verdict"]])
        chance = f"{round(100 * wanted['probability'])}"
        shown = page.locator(".chance strong").inner_text().replace("\xa0", " ")
        assert shown in {f"{chance} %", ">99 %", "<1 %"}
        assert page.locator(".strip li").count() == len(wanted["faces"][0]["frames"])

    # The timeline moves the clip, and the clip the timeline.
    timeline = page.get_by_role("slider", name="Time in the clip")
    timeline.focus()
    page.keyboard.press("End")
    last = wanted["faces"][0]["frames"][-1]["time"]
    until(page, f"Math.abs(document.querySelector('video').currentTime - {last}) < .05")
    assert timeline.get_attribute("aria-valuenow") == f"{last:.2f}"
    expect(page.locator(".strip li").last).to_have_attribute("aria-selected", "true")
    page.locator(".strip li").first.click()
    until(page, "document.querySelector('video').currentTime < .5")
    assert float(timeline.get_attribute("aria-valuenow")) < 0.5
    timeline.click()  # in its middle
    until(page, "Math.abs(document.querySelector('video').currentTime - 2) < .2")

    toggle = page.get_by_role("switch", name="Heat map")
    heat = page.locator(".tile .heat").first
    size = load_bundle().card.crop.size
    until(page, f"document.querySelector('.tile .heat').naturalWidth === {size}")
    expect(heat).to_have_css("opacity", "0")
    toggle.press("Space")
    expect(toggle).to_have_attribute("aria-checked", "true")
    expect(heat).to_have_css("opacity", "1")

    page.get_by_text("The full report, as it is filed").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1)).to_have_text(name)
    assert page.locator("iframe").get_attribute("sandbox") == ""

    text = tmp_path / "notes.txt"
    text.write_text("no picture at all\n" * 20)
    page.set_input_files("#files", text)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "No verdict: this kind of file is not opened", timeout=PATIENCE
    )
    expect(page.locator(".verdict")).to_contain_text("starts with text")
    assert page.locator("#history li").count() == 3


def test_two_clips_side_by_side(served, open_page):
    page = open_page(served)
    page.locator("#history li").first.wait_for()
    page.locator("#history a", has_text="astronaut-faceswap.mp4").click()
    page.get_by_label("Compare with").select_option(label=page.locator(
        "select option", has_text="astronaut.mp4").inner_text())  # fmt: skip
    expect(page.get_by_role("heading", level=1)).to_have_text("Two files compared")
    expect(page.locator(".side .name")).to_have_text(["astronaut-faceswap.mp4", "astronaut.mp4"])
    assert page.locator("video").count() == 2
    before = page.locator(".side .chance strong").all_inner_texts()
    page.get_by_label("Share of fakes among files like this").press("Home")
    expect(page.locator(".side .chance strong").nth(1)).to_have_text("<1\xa0%")
    assert page.locator(".side .chance strong").all_inner_texts() != before
    expect(page.get_by_role("row", name="SHA-256 (differs)")).to_be_visible()
