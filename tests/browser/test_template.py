"""From the Templates browser to a playing video, as someone new does it."""

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.harness.browser import TEMPLATES, play_in_node
from tests.harness.seeded.names import CHECKPOINT
from tests.harness.templates import MOTION_MODULE, find, short_name, template_paths

MUTED, CLICKS = 2, 5
NODE = "app.graph.nodes.find(node => node.type === 'KinemaCombineVideo')"
WIDGETS = {
    "CheckpointLoaderSimple": {"ckpt_name": CHECKPOINT},
    "KinemaLoadMotionModule": {"motion_module": MOTION_MODULE},
    "EmptyLatentImage": {"width": 64, "height": 64, "batch_size": 8},
    "KSampler": {"steps": 2},
}
SET_WIDGETS = """widgets => {
    for (const node of app.graph.nodes)
        for (const [name, value] of Object.entries(widgets[node.type] ?? {})) {
            const widget = node.widgets.find(widget => widget.name === name)
            const before = widget.value
            widget.value = value
            node.onWidgetChanged?.(name, value, before, widget)
        }
}"""

LOAD = """async name => {
    // what a click on its card does, without the pictures of all the other cards
    const answer = await fetch(`/api/workflow_templates/kinema/${encodeURIComponent(name)}.json`)
    await app.loadGraphData(await answer.json(), true, true, name, { openSource: "template" })
}"""
SORT = "order => app.extensionManager.setting.set('Comfy.Templates.SortBy', order)"


def _models(node: dict[str, Any]) -> list[dict[str, str]]:
    """What a node needs; those of a muted one are asked for when it is not muted any more."""
    return [] if node["mode"] == MUTED else node["properties"].get("models", [])


def _asks_for_models(path: Path) -> bool:
    return any(_models(node) for node in json.loads(path.read_text())["nodes"])


@pytest.mark.parametrize("name", [short_name(path) for path in template_paths() if _asks_for_models(path)])
def test_only_models_are_missing_in_a_template(page: Page, name: str) -> None:
    page.evaluate(LOAD, find(name).stem)
    page.wait_for_function("id => app.graph.id === id", arg=json.loads(find(name).read_text())["id"])
    files = {model["name"] for node in json.loads(find(name).read_text())["nodes"] for model in _models(node)}
    _expect_only_models_missing(page, files)


def test_templates_stand_in_their_order(page: Page) -> None:
    """By name, that is; otherwise the browser lists files as the disk happens to."""
    page.evaluate(SORT, "alphabetical")
    page.get_by_role("button", name="Templates", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="kinema", exact=True).click()
    names = [path.stem for path in template_paths()]
    expect(dialog.get_by_test_id(re.compile("template-workflow-.*"))).to_have_count(len(names))
    shown = dialog.get_by_test_id(re.compile("template-workflow-.*")).evaluate_all(
        "cards => cards.map(card => card.dataset.testid.replace('template-workflow-', ''))"
    )
    assert shown == names
    page.keyboard.press("Escape")
    expect(page.get_by_test_id(TEMPLATES)).to_have_count(0)
    page.evaluate(SORT, "default")


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("plays_h264")
def test_template_opens_runs_and_plays_in_the_node(page: Page) -> None:
    _open_template(page, "text-to-video")
    page.evaluate(SET_WIDGETS, WIDGETS)
    page.get_by_test_id("queue-button").click()
    video = play_in_node(page, "KinemaCombineVideo", seconds=240)
    assert (video["width"], video["height"], video["duration"]) == (64, 64, 1.0)
    page.get_by_role("button", name="Fit View").click()
    # the frame after the view has moved
    page.wait_for_timeout(500)
    _keep_screenshot(page, "text-to-video")
    assert _fits_in_node(page)


def _open_template(page: Page, name: str) -> None:
    page.get_by_role("button", name="Templates", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="kinema", exact=True).click()
    expect(dialog.get_by_role("main").get_by_text("kinema", exact=True)).to_be_visible()
    card = dialog.get_by_test_id(f"template-workflow-{find(name).stem}")
    # cards move while pictures load, and a click that came too early opens nothing: a person clicks again
    for _ in range(CLICKS):
        card.click()
        with contextlib.suppress(AssertionError):
            expect(page.get_by_test_id(TEMPLATES)).to_have_count(0, timeout=8_000)
            break
    else:
        # a dialog that stays would be in the way of every test that follows
        page.keyboard.press("Escape")
        pytest.fail(f"the dialog does not open {name}")
    page.wait_for_function("id => app.graph.id === id", arg=json.loads(find(name).read_text())["id"])


def _expect_only_models_missing(page: Page, files: set[str]) -> None:
    """The seeded folder has none of the models the template names; everything else has to be there."""
    page.get_by_test_id("error-overlay-see-errors").click()
    expect(page.get_by_test_id("missing-model-importable-rows")).to_be_visible()
    # each with the button that fetches it; the front end fetches no .bin, from wherever
    fetched = [file for file in files if not file.endswith(".bin")]
    expect(page.get_by_test_id("missing-model-download")).to_have_count(len(fetched))
    expect(page.get_by_test_id("missing-node-card")).to_have_count(0)
    expect(page.get_by_test_id("missing-media-row")).to_have_count(0)
    assert page.evaluate("app.graph.nodes.filter(node => !(node.type in LiteGraph.registered_node_types))") == []
    page.get_by_role("button", name="Toggle properties panel").click()
    expect(page.get_by_test_id("missing-model-importable-rows")).to_have_count(0)


def _fits_in_node(page: Page) -> bool:
    """The preview ends above the lower edge of its node."""
    return page.evaluate(f"""() => {{
        const preview = {NODE}.widgets.find(widget => widget.name === "video-preview")
        return preview.y + preview.computedHeight <= {NODE}.size[1]
    }}""")


def _keep_screenshot(page: Page, name: str) -> None:
    folder = os.environ.get("KINEMA_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
