"""Find or install a Chromium, and open ComfyUI's front end in it."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from .setup import SetupError, run

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
    "microsoft-edge-stable",
)
PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": (
        r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
    ),
}
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # the front end asks registries outside; a test must not depend on their answers
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
READY_SECONDS = 90
TEMPLATES = "template-workflows-content"
# asks again each time: the front end may replace the element, which ends its play()
PLAYING = """type => {
    const video = app.graph.nodes.find(node => node.type === type).videoContainer?.querySelector("video")
    if (!video?.isConnected) return false
    video.muted = true
    if (video.paused) video.play().catch(() => {})
    if (video.readyState < 2 || video.currentTime === 0) return false
    return { source: video.src, width: video.videoWidth, height: video.videoHeight, duration: video.duration }
}"""


@dataclass
class Tab:
    """One page of the front end and what went wrong in it."""

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    """Console errors and uncaught exceptions, except those the bare front end logs by itself."""


def ensure_browser() -> str:
    """Path of a Chromium, Chrome or Edge: ``KINEMA_BROWSER``, an installed one, else one installed now.

    Raises:
        SetupError: ``KINEMA_BROWSER`` names no file, or nothing could be installed.
    """
    named = os.environ.get("KINEMA_BROWSER")
    if named:
        browser = shutil.which(named)
        if browser is None:
            raise SetupError(f"KINEMA_BROWSER is {named}, which cannot be run. Name a Chromium, Chrome or Edge.")
        return browser
    return _installed() or _from_system_packages() or _from_playwright()


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    """A running headless browser. asyncio.run() does not work in this thread until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_tab(browser: Browser, url: str, nodes_2: bool = False) -> Iterator[Tab]:
    """A fresh visit to a server's front end, with an empty graph and no dialog open.

    Args:
        nodes_2: draw nodes as DOM elements ("Nodes 2.0") instead of on the canvas.
    """
    # someone new starts with an empty graph; anyone else with a template that asks the web for its models
    _post(f"{url}/settings", {"Comfy.TutorialCompleted": False, "Comfy.VueNodes.Enabled": nodes_2})
    context = browser.new_context(viewport={"width": 1600, "height": 1000}, locale="en-US")
    page = context.new_page()
    tab = Tab(page, url)
    page.on("console", lambda message: _note(tab, message))
    page.on("pageerror", lambda error: tab.errors.append(str(error)))
    try:
        page.goto(url)
        greeting = page.get_by_test_id(TEMPLATES)
        greeting.wait_for(timeout=READY_SECONDS * 1000)
        page.keyboard.press("Escape")
        greeting.wait_for(state="detached")
        yield tab
    finally:
        context.close()


def play_in_node(page: Page, node_type: str, seconds: float = 60) -> dict[str, Any]:
    """Start the video shown in a node and wait until it moves: its source, width, height and duration."""
    moving = page.wait_for_function(PLAYING, arg=node_type, timeout=seconds * 1000)
    return moving.json_value()


NO_FILE = "/api/view?filename=&"


def _note(tab: Tab, message: ConsoleMessage) -> None:
    if message.type != "error":
        return
    where = message.location.get("url", "")
    # the host's Load Audio asks for the sound it plays, also while no file is chosen
    if not _is_the_hosts(message.text, urlsplit(where).path) and NO_FILE not in where:
        tab.errors.append(f"{message.text} ({where})")


def _is_the_hosts(text: str, path: str) -> bool:
    """Errors the front end logs on a new server without any pack."""
    if "404" in text:
        # settings and styles that a new user has not made, and translations, which it tries before the page itself
        return path == "/user.css" or path.startswith("/api/userdata") or path.endswith("/en.md")
    if not path.startswith("/assets/"):
        return False
    # it asks its registries about nodes and models, which the server's own policy forbids
    return "Content Security Policy" in text or text == "ComfyApp graph accessed before initialization"


def _post(url: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).close()


def _installed() -> str | None:
    places = (os.path.expandvars(place) for place in PLACES.get(sys.platform, ()))
    return next(filter(None, map(shutil.which, (*NAMES, *places))), None)


def _from_system_packages() -> str | None:
    """Debian's Chromium, which plays H.264; None where that cannot be had."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    try:
        run(["apt-get", "update"], "updating the package list")
        run(["apt-get", "install", "-y", "chromium"], "installing Chromium")
    except SetupError as error:
        print(f"[setup] {error}", flush=True)
    return _installed()


def _from_playwright() -> str:
    """The open-source build, which has no H.264: tests that play it are skipped."""
    try:
        run([sys.executable, "-m", "playwright", "install", "chromium"], "downloading Chromium")
        with sync_playwright() as playwright:
            executable = playwright.chromium.executable_path
        # a browser without its system libraries only fails when it is started
        subprocess.run(
            [executable, *FLAGS[:2], "--dump-dom", "about:blank"], capture_output=True, check=True, timeout=60
        )
    except (SetupError, OSError, subprocess.SubprocessError) as error:
        raise SetupError(
            "The browser tests need Chromium, Chrome or Edge and none could be installed. Install one (on Debian and "
            f"Ubuntu: apt-get install chromium) or name its path in KINEMA_BROWSER.\n{error}"
        ) from error
    return str(Path(executable))
