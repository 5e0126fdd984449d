"""What the page shows of analyses that the test itself drives."""

from __future__ import annotations

import contextlib
import html
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Error, expect

from builders import make_report
from serve.browser.staging import PATIENCE
from serve.service_client import TOKEN
from unmask.detect.rejudge import rejudge
from unmask.report import words
from unmask.report.text import percent
from unmask.serve.folders import read_bands

# Only what is wrong leaves the page: all that axe looked at is much to carry.
SERIOUS = """async () => {
    const found = await axe.run({ resultTypes: ["violations"] });
    return found.violations
        .filter((broken) => ["serious", "critical"].includes(broken.impact))
        .map((broken) => [broken.id, ...broken.nodes.map((node) => node.target.join(" "))]);
}"""
PLANTED = (
    '<script>document.title="x"</script>[red]=cmd|calc\x1b[31m<img src=x onerror=alert(1)>.mp4'
)


def upload(page, name: str, content: bytes) -> None:
    page.set_input_files("#files", {"name": name, "mimeType": "video/mp4", "buffer": content})


def test_progress_outlives_a_reload_and_ends_in_the_report(staged, open_page):
    page = open_page(staged.address)
    upload(page, "clip.mp4", b"one")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Waiting for its turn")
    job = staged.claim()
    staged.service.store.beat(job, 0.4)
    expect(heading).to_have_text("Looking at the faces")
    expect(page.locator(".state-card progress")).to_have_js_property("value", 0.4)
    page.reload()
    expect(page.locator(".state-card")).to_contain_text("analysing, 40 %")
    staged.service.store.beat(job, 0.8)
    expect(page.locator("#history .pill")).to_have_text("analysing, 80 %")
    staged.finish(job, make_report("clip.mp4"))
    expect(heading).to_have_text("Signs of face manipulation found")
    expect(page.locator("#history .pill")).to_have_text("fake")
    page.reload()
    expect(heading).to_have_text("Signs of face manipulation found")


def test_one_that_waits_and_one_that_runs_are_cancelled(staged, open_page):
    page = open_page(staged.address)
    for content, claimed in ((b"one", False), (b"two", True)):
        upload(page, "clip.mp4", content)
        expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for its turn")
        job = staged.claim() if claimed else None
        if claimed:
            expect(page.get_by_role("heading", level=1)).to_have_text("Looking at the faces")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled")
        if job:
            assert staged.service.store.beat(job, 0.5) is False
    assert staged.service.store.counts("state") == {"cancelled": 2}
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#history li")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Has a face been forged?")


def test_files_are_dropped_and_one_on_its_way_is_taken_back(staged, open_page):
    page = open_page(staged.address)
    seen = []

    def hold(route) -> None:
        seen.append(route)
        if len(seen) == 1:
            route.continue_()

    page.route("**/v1/analyses", hold)
    carried = page.evaluate_handle("""() => {
        const carried = new DataTransfer();
        for (const name of ["one.mp4", "two.mp4"]) carried.items.add(new File([name], name));
        return carried;
    }""")
    page.dispatch_event("#main", "dragover", {"dataTransfer": carried})
    expect(page.get_by_text("Drop to analyse")).to_be_visible()
    page.dispatch_event("#main", "drop", {"dataTransfer": carried})
    expect(page.get_by_text("Drop to analyse")).to_be_hidden()
    expect(page.locator(".about, .state-card .name")).to_have_text("one.mp4")
    page.get_by_role("button", name="Do not send two.mp4").click()
    expect(page.locator("#uploads li")).to_have_count(0)
    with contextlib.suppress(Error):  # the page has taken it back already
        seen[1].abort()  # or the browser may let it go when nothing holds it any more
    page.unroute("**/v1/analyses")
    upload(page, "three.mp4", b"three")  # the next goes through
    expect(page.locator("#history li")).to_have_count(2)
    assert [row.name for row in staged.service.store.page(limit=9)] == ["three.mp4", "one.mp4"]


def test_sliders_say_what_the_report_would_say(staged, open_page):
    report = make_report()
    id_ = staged.add("clip.mp4", report)
    bands = read_bands(staged.service.folders.of(id_))
    page = open_page(f"{staged.address}#/{id_}")
    page.locator("#history a").click()
    budget = page.get_by_label("False alarms that you can bear")
    prior = page.get_by_label("Share of fakes among files like this")
    for slider, key, (share, rate) in (
        (prior, "ArrowLeft", (0.4, 0.01)),
        (prior, "Home", (0.001, 0.01)),
        (budget, "Home", (0.001, 0.001)),
        (budget, "End", (0.001, 0.2)),
    ):
        slider.press(key)
        wanted = rejudge(report, bands, share, rate)
        expect(page.locator(".chance strong")).to_have_text(percent(wanted.probability))
        expect(page.get_by_role("heading", level=1)).to_have_text(words.HEADINGS[wanted.verdict])
        expect(page.locator(".verdict")).to_contain_text(words.meaning(wanted))
        expect(page.locator(".verdict")).to_contain_text(words.at_prior(wanted))
        assert f"{100 * rate:g} %" in budget.get_attribute("aria-valuetext")
    page.get_by_role("button", name="As analysed").click()
    expect(page.locator(".chance strong")).to_have_text(percent(report.probability))


def test_what_files_are_called_stays_text(staged, open_page):
    id_ = staged.add(PLANTED, make_report(PLANTED, notes=(PLANTED,)))
    staged.add("other.mp4")
    page = open_page(staged.address)
    page.locator("#history a").nth(1).click()
    shown = PLANTED.replace("\x1b", "\\x1b")
    expect(page.locator(".about .name strong")).to_have_text(shown)
    expect(page.locator(".bullets", has_text="[red]").first).to_contain_text(shown)
    page.get_by_text("The full report, as it is filed").click()
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_contain_text(
        "[red]=cmd"
    )
    page.get_by_label("Compare with").select_option(index=1)
    expect(page.locator(".side .name").first).to_have_text(shown)
    assert page.title() != "x"
    assert page.locator("main script, main img[src=x], aside script").count() == 0
    assert html.escape(PLANTED) not in page.content()
    assert re.fullmatch("[0-9a-f]{32}", id_)


def test_the_report_is_saved(staged, open_page):
    id_ = staged.add("clip.mp4")
    page = open_page(f"{staged.address}#/{id_}")
    starts = {"HTML": b"<!doctype html>", "PDF": b"%PDF-", "JSON": b'{"path": "clip.mp4"'}
    for kind, start in starts.items():
        with page.expect_download(timeout=PATIENCE) as saving:
            page.locator(".about .tools .quiet", has_text=kind).click()
        assert saving.value.suggested_filename == f"unmask-{id_[:8]}.{kind.lower()}"
        assert Path(saving.value.path()).read_bytes().startswith(start)
    page.route("**/report.pdf", lambda route: route.fulfill(
        status=501, json={"detail": "PDF needs Pango on the server"}))  # fmt: skip
    page.get_by_role("button", name="Save the report as PDF").click()
    expect(page.get_by_role("alert")).to_have_text("PDF needs Pango on the server")


def test_a_refused_file_is_said_in_words(staged, open_page):
    page = open_page(staged.address)
    page.route("**/v1/analyses", lambda route: route.fulfill(
        status=429, json={"detail": "too many analyses wait; try later"}))  # fmt: skip
    with page.expect_response(lambda answer: answer.status == 429):
        upload(page, "clip.mp4", b"one")
    expect(page.get_by_role("alert")).to_have_text("clip.mp4: too many analyses wait; try later")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hinders_those_who_use_a_keyboard_or_a_screen_reader(staged, open_page, scheme):
    first, second = staged.add("one.mp4"), staged.add("two.mp4", make_report(verdict="real"))
    none = staged.add("none.mp4", make_report(verdict=None))
    page = open_page(staged.address, color_scheme=scheme)
    page.evaluate(AXE_SCRIPT)
    for place in ("", first, none, f"{first}+{second}"):
        page.evaluate(f"location.hash = '#/{place}'")
        heading = {"": "Has a face", none: "No verdict"}.get(
            place, "Two" if "+" in place else "Signs"
        )
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        assert page.evaluate(SERIOUS) == [], place
    page.evaluate(f"location.hash = '#/{first}'")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Signs")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
    text = " ".join(reached)
    for thing in ('type="range"', 'role="slider"', 'role="option"', 'role="switch"', "<summary"):
        assert thing in text, text
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert page.evaluate(SERIOUS) == [["html-has-lang", "html"]]  # axe does look


def test_it_fits_a_phone(staged, open_page):
    ids = [staged.add(f"{'long-' * 30}{n}.mp4", make_report("x" * 200 + ".mp4")) for n in (1, 2)]
    page = open_page(staged.address, viewport={"width": 375, "height": 812}, has_touch=True)
    for place, heading in (("", "Has a face"), (ids[0], "Signs"), ("+".join(ids), "Two")):
        page.evaluate(f"location.hash = '#/{place}'")
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        page.locator("#history li").nth(1).wait_for()
        wide = page.evaluate("""[...document.querySelectorAll("body *")].filter((node) =>
            node.getBoundingClientRect().right > 376 && !node.closest(".strip, .scroll")).length""")
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        assert wide == 0, place


def test_colours_are_chosen_and_kept(staged, open_page):
    page = open_page(staged.address, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Colours: system").click()
    page.get_by_role("button", name="Colours: light").click()
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.get_by_role("button", name="Colours: dark")).to_be_visible()
    assert page.evaluate(ground) != light


def test_a_page_of_another_port_gets_nothing_and_starts_nothing(chromium, staged):
    staged.add("clip.mp4")
    base = staged.address.partition("?")[0]

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<title>elsewhere</title>")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(staged.address)
    page.locator("#history li").wait_for()  # the cookie is there, and goes to every port
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    tries = """async ([base, token]) => {
        const body = new FormData();
        body.append("file", new Blob(["x"]), "x.mp4");
        const tried = [
            fetch(base + "v1/analyses", {credentials: "include"}),
            fetch(base + "v1/analyses", {method: "POST", body, credentials: "include"}),
            fetch(base + "v1/analyses", {headers: {authorization: "Bearer " + token}}),
            fetch(base + "v1/analyses",
                {method: "POST", body, mode: "no-cors", credentials: "include"}),
            fetch(base, {credentials: "include"}),
        ];
        const picture = new Image();
        picture.src = base + "page/icon.svg";
        await new Promise((done) => { picture.onload = picture.onerror = done; });
        const ends = (await Promise.allSettled(tried)).map(
            (end) => (end.status === "rejected" ? "no" : end.value.type));
        return [...ends, picture.naturalWidth];
    }"""
    found = page.evaluate(tries, [base, TOKEN])
    assert found == ["no", "no", "no", "no", "no", 0]
    assert sum(staged.service.store.counts("state").values()) == 1
    context.close()
    server.shutdown()
    server.server_close()
