"""Take the README's pictures of the page.

    python tools/screenshots.py          # writes docs/page-*.png

Starts `unmask serve` on a folder of its own, sends it the public-domain samples, and photographs
the page in a headless Chromium (Debian's; `make system-deps`). The letters are those of the fonts
that the machine has; the README's were taken with Inter and Noto.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SAMPLES = (
    "real/hopper.jpg",
    "real/astronaut.mp4",
    "forged/astronaut-selfblend.jpg",
    "forged/astronaut-faceswap.mp4",
)
WIDE = {"width": 1360, "height": 940}
TALL = {"width": 1360, "height": 1480}
PATIENCE = 300_000
"""Milliseconds for one analysis, on the busiest machine."""


def send(page: Page, sample: str) -> None:
    """Send a sample, and wait until its report is shown."""
    page.set_input_files("#files", ROOT / "samples" / sample)
    name = Path(sample).name
    page.locator(".about .name strong", has_text=name).wait_for(timeout=PATIENCE)
    rest(page)


def rest(page: Page) -> None:
    """Wait until every picture on the screen is there and nothing moves."""
    still = (
        "[...document.images].every((i) => i.complete || i.loading === 'lazy')"
        " && [...document.querySelectorAll('video')].every((v) => v.readyState > 1 && !v.seeking)"
    )
    while not page.evaluate(still):
        page.wait_for_timeout(100)
    page.wait_for_timeout(1000)


def take(page: Page, name: str) -> None:
    """Write what the window shows, in 256 colours."""
    DOCS.mkdir(exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(DOCS / f"{name}.png", optimize=True)
    print(f"docs/{name}.png  {(DOCS / f'{name}.png').stat().st_size / 1000:.0f} kB")


def photograph(address: str) -> None:
    """Send the samples, and take every picture."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium is not here; `make system-deps` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        light = browser.new_page(viewport=WIDE, color_scheme="light")
        light.goto(address)
        for sample in SAMPLES:
            send(light, sample)
        take(light, "page-light")
        light.get_by_label("Compare with").select_option(index=3)
        light.get_by_role("heading", name="Two files compared").wait_for()
        rest(light)
        take(light, "page-compare")
        dark = browser.new_page(viewport=TALL, color_scheme="dark")
        phone = browser.new_page(
            viewport={"width": 375, "height": 812}, device_scale_factor=2, color_scheme="light"
        )
        for page, name in ((dark, "page-dark"), (phone, "page-phone")):
            page.goto(address)
            page.locator("#history a").first.click()
            page.locator(".report").wait_for()
            if page is dark:
                page.get_by_role("switch", name="Heat map").click()
            rest(page)
            take(page, name)
        browser.close()


def main() -> None:
    """Serve, and take the pictures."""
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "unmask", "serve", "--port", "0", "--data", data]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                found = re.search(r"http://\S+", server.stderr.readline() if server.stderr else "")
                if found is None:
                    sys.exit("unmask serve did not start")
                photograph(found[0])
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
