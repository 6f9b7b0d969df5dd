"""Take the pictures in docs/pictures from the demo: `python .ci/pictures.py [FOLDER]`.

Run `newsletter demo` in a temporary folder, serve it on loopback, and open its emails and pages in
Chromium. The pictures show what the program does today: run this again after a page has changed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
COMMAND = ROOT / ".venv" / "bin" / "newsletter"
DESK = re.compile(r"^Desk\s+(http://\S+)")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
EMAIL = "1-1.eml"
"""The first edition: every item, in English."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What to show and how; without a path it is the email, with one a page of the desk."""

    name: str
    path: str = ""
    width: int = 1200
    height: int = 900
    scheme: Literal["light", "dark"] = "light"


PICTURES = (
    Picture("email-light", width=720, height=1200),
    Picture("email-dark", width=720, height=1200, scheme="dark"),
    Picture("email-phone", width=375, height=812),
    Picture("desk-today", "/"),
    Picture("desk-today-phone", "/", width=375, height=812),
    Picture("desk-edit", "/issues/2/edit", height=1000),
    Picture("desk-approve", "/issues/2/approve", height=1000),
    Picture("desk-approve-dark", "/issues/2/approve", height=1000, scheme="dark"),
)


def main(folder: Path) -> None:
    """Write each picture as a PNG file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as demo:
        made = [str(COMMAND), "demo", "--no-serve", "--dir", demo]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        email = _html(Path(demo) / "outbox" / EMAIL)
        with _desk(Path(demo)) as link, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=_chromium(), args=list(OPTIONS))
            _take(browser, link, email, folder)
            browser.close()


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return found or sys.exit("Chromium is not on the PATH. Set CHROMIUM to the program.")


def _html(file: Path) -> str:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    part = message.get_body(("html",))
    return str(part.get_content()) if part else sys.exit(f"{file.name} has no HTML part.")


@contextmanager
def _desk(root: Path) -> Iterator[str]:
    """Serve a publication, and yield the link that opens its desk once."""
    with subprocess.Popen(
        [COMMAND, "--dir", root, "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as serving:
        try:
            links = (DESK.match(line) for line in serving.stdout or ())
            yield next(link[1] for link in links if link)
        finally:
            serving.terminate()


def _take(browser: Browser, link: str, email: str, folder: Path) -> None:
    """Take every picture. The link opens the desk once, so one browser context takes them all."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(link)
    if opening := page.query_selector("form button"):
        opening.click()
    desk = page.url.rstrip("/")
    for picture in PICTURES:
        page.set_viewport_size({"width": picture.width, "height": picture.height})
        page.emulate_media(color_scheme=picture.scheme)
        if picture.path:
            page.goto(desk + picture.path)
        else:
            page.set_content(email)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{picture.name}.png")
        print(f"{picture.name}.png")
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
