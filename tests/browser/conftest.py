"""A real server and a real browser for the tests of this folder."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.browser import Tab, chromium, open_tab
from tests.harness.client import Outcome, run_prompt
from tests.harness.footage import write_footage
from tests.harness.server import Server
from tests.harness.setup import Host

Run = Callable[..., Outcome]


# not for the session: a running Playwright forbids asyncio.run() to the tests of other folders
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser process."""
    with chromium(_given("KINEMA_BROWSER")) as running:
        yield running


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """One server with the seeded models."""
    host = Host(Path(_given("KINEMA_COMFYUI_FOLDER")), Path(sys.executable), is_users=False)
    with Server(host, [Path(_given("KINEMA_MODELS"))], ["--cpu"]) as running:
        write_footage(running.base / "input")
        yield running


@pytest.fixture(scope="module")
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """A fresh visit for each file of tests."""
    with open_tab(browser, server.url) as opened:
        yield opened


@pytest.fixture(scope="module", name="nodes_2")
def nodes_2_tab(browser: Browser, server: Server) -> Iterator[Tab]:
    """Another one, which draws nodes as DOM elements."""
    with open_tab(browser, server.url, nodes_2=True) as opened:
        yield opened


@pytest.fixture(params=["tab", "nodes_2"], ids=["canvas", "nodes 2"])
def either(request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of one and of the other; the test fails if anything went wrong in it."""
    tab: Tab = request.getfixturevalue(request.param)
    tab.errors.clear()
    yield tab.page
    assert tab.errors == []


@pytest.fixture
def page_2(nodes_2: Tab) -> Iterator[Page]:
    """As `page`, of nodes that are DOM elements."""
    nodes_2.errors.clear()
    yield nodes_2.page
    assert nodes_2.errors == []


@pytest.fixture
def page(tab: Tab) -> Iterator[Page]:
    """The page of the visit; the test fails if anything went wrong in it."""
    tab.errors.clear()
    yield tab.page
    assert tab.errors == []


@pytest.fixture
def plays_h264(page: Page) -> None:
    """Skips the test in browsers built without H.264."""
    if not page.evaluate("""document.createElement("video").canPlayType('video/mp4; codecs="avc1.64001f"')"""):
        pytest.skip("This browser was built without H.264. Install Chrome or Debian's Chromium, or set KINEMA_BROWSER.")


@pytest.fixture(scope="package")
def run_on_server(server: Server) -> Run:
    """``run_prompt`` on the server, callable while the browser runs."""

    def run(prompt: dict[str, Any], **extra: Any) -> Outcome:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run_prompt, server.url, prompt, **extra).result()

    return run


def _given(name: str) -> str:
    if name not in os.environ:
        pytest.fail(f"{name} is not set. Run these tests with: python dev.py test tests/browser", pytrace=False)
    return os.environ[name]
