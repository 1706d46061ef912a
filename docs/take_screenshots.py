"""Take the pictures of the documentation, and the one that other sites show beside a link.

    .venv/bin/python docs/take_screenshots.py [--into FOLDER]

Serves the demo from a folder of its own, with Debian's Chromium (or that in the variable
CHROMIUM) as the browser.
"""

import argparse
import io
import os
import sys
import tempfile
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR))
# What the settings demand, for this process alone: the demo makes its own.
os.environ |= {"DJANGO_SETTINGS_MODULE": "iasc_tracker.settings", "DEBUG": "true"}

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from tests.running_demo import free_port, served  # noqa: E402

DESK = {"width": 1280, "height": 900}
# Down to what comes after the first screen: an item's history, the rows of a list on a phone.
DEEP = {"width": 1280, "height": 1900}
PHONE = {"width": 360, "height": 1400}
PICTURES = {
    "overview": ("/", DESK),
    "workplan": ("/workplans/rg1-2020/", DESK),
    "deliverables": ("/deliverables/?status=ongoing&group=rg1", DESK),
    "item": ("/deliverables/RG1-2020-3.4/", DEEP),
    "changes": ("/changes/?from_meeting=opag-2020-07-09", DESK),
    "search": ("/search/?q=localization", DESK),
    "phone": ("/deliverables/?status=ongoing&group=rg1", PHONE),
}
MOST_BYTES, MOST_PREVIEW_BYTES = 150_000, 40_000

PREVIEW = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; width: 1200px; height: 630px; display: grid; align-content: center; gap: 40px;
  padding: 0 104px; box-sizing: border-box; border-top: 20px solid #009edb; background: #fff;
  font-family: system-ui, "Noto Sans", "Liberation Sans", sans-serif; color: #16232e; }
div { display: flex; align-items: center; gap: 36px; font-size: 92px; font-weight: 700;
  letter-spacing: -.02em; }
svg { width: 132px; height: 132px; }
p { margin: 0; font-size: 42px; line-height: 1.35; color: #51606d; }
</style><div>MARK<span>IASC tracker</span></div>
<p>Workplans and action points of the Inter-Agency Standing Committee, on any day</p>"""


def keep(picture: bytes, path: Path, most: int) -> None:
    """Write a picture with a palette of its own, and say how large it is."""
    small = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(128).save(small, "PNG", optimize=True)
    if len(small.getvalue()) > most:
        sys.exit(f"{path.name} would have {len(small.getvalue()):,} bytes, more than {most:,}")
    path.write_bytes(small.getvalue())
    print(f"{path}: {len(small.getvalue()):,} bytes")


def take_pictures(browser: Browser, site: str, folder: Path) -> None:
    """Take the pictures of the site's pages."""
    for name, (address, size) in PICTURES.items():
        page = browser.new_page(viewport=size, device_scale_factor=1, base_url=site)
        answer = page.goto(address)
        if answer is None or not answer.ok:
            sys.exit(f"{address} does not answer a page")
        keep(page.screenshot(), folder / f"{name}.png", MOST_BYTES)
        page.close()


def take_preview(browser: Browser, folder: Path) -> None:
    """Draw the picture that other sites show beside a link."""
    page = browser.new_page(viewport={"width": 1200, "height": 630})
    mark = (BASE_DIR / "static" / "favicon.svg").read_text(encoding="utf-8")
    page.set_content(PREVIEW.replace("MARK", mark))
    keep(page.screenshot(), folder / "social-preview.png", MOST_PREVIEW_BYTES)
    page.close()


def main() -> None:
    """Take all pictures, into the folders where they belong or all into one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--into", type=Path, help="a folder for all of them, to look at first")
    into = parser.parse_args().into
    if into:
        into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"],
        )
        take_preview(browser, into or BASE_DIR / "static")
        port = free_port()
        with served(data, port):
            take_pictures(browser, f"http://127.0.0.1:{port}", into or BASE_DIR / "docs")
        browser.close()


if __name__ == "__main__":
    main()
