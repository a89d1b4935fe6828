"""A browser of this machine that looks at a file without a window."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROBE = """
<script>
addEventListener("load", () => {
  const seen = document.getElementById("page").contentDocument, root = seen.documentElement
  const box = (one) => one.getBoundingClientRect()
  const shown = (selector) =>
    [...seen.querySelectorAll(selector)].filter((one) => one.getClientRects().length)
  const field = seen.getElementById("filter"), before = shown("main > section").length
  root.ownerDocument.dispatchEvent(new KeyboardEvent("keydown", {key: "/"}))
  const focused = seen.activeElement === field
  field.value = new URLSearchParams(location.search).get("typed") || ""
  field.dispatchEvent(new Event("input"))
  const cut = (one) => one.scrollWidth > one.clientWidth + 1
    && seen.defaultView.getComputedStyle(one).overflowX !== "visible" && !one.closest(".hidden, thead")
  const over = shown("body *").filter((one) => !one.ownerSVGElement && box(one).right > root.clientWidth + 1)
  document.title = JSON.stringify({
    width: root.clientWidth, scroll: root.scrollWidth, over: over.map((one) => one.outerHTML.slice(0, 80)),
    maps: shown("svg.map").map((one) => [box(one).width, box(one).height]),
    clipped: shown("svg.map text").filter((one) => box(one).right > box(one.ownerSVGElement).right)
      .map((one) => one.textContent),
    labels: shown("svg.map text.name").map((one) => one.textContent),
    cut: shown("main :not(svg, svg *), nav *").filter(cut).map((one) => one.outerHTML.slice(0, 80)),
    words: shown("p, th, td, dt, dd, h2, h3, .row > span, small").map((one) => one.innerText),
    focused: focused, told: seen.getElementById("told").textContent,
    layers: shown("[data-layer]").map((one) => one.dataset.layer),
    about: shown("[data-of]").map((one) => one.dataset.of), empty: shown("section.empty").length,
    panels: shown(".panel").length, ground: seen.defaultView.getComputedStyle(seen.body).backgroundColor,
  })
})
</script>
"""


def browser() -> str | None:
    """Its path, None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def look(program: str, page: Path, *, width: int, typed: str = "", options: tuple[str, ...] = ()) -> str:
    """Lay out `page` in a frame of so many pixels, `typed` in its filter; what PROBE found, as JSON.

    In a frame, because a browser's own window does not become as narrow as a phone's.
    """
    frame = page.with_name(f"frame-{width}.html")
    frame.write_text(
        f'<!doctype html><body style="margin:0">'
        f'<iframe id="page" src="{page.name}" style="width:{width}px;height:900px;border:0"></iframe>{PROBE}'
    )
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--allow-file-access-from-files",
    ]
    command = [program, *flags, f"--user-data-dir={page.parent / 'profile'}", *options, "--dump-dom"]
    address = f"{frame.as_uri()}?{urlencode({'typed': typed})}"
    done = subprocess.run([*command, address], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
