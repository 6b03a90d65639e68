"""The node search finds the pack's nodes under the names people know from other packs."""

import pytest
from playwright.sync_api import Locator, Page, expect

FOUND = {
    "animatediff": {"Load Motion Module", "Animate Model", "Combine Video"},
    "vhs": {"Combine Video", "Video Frames", "Decode and Save Video", "Encode Frames"},
    "video combine": {"Combine Video"},
    "apply animatediff model": {"Animate Model"},
    "animatediff lora": {"Load MotionLoRA"},
    "animatediff loader": {"Load Motion Module"},
    "load video": {"Video Frames", "Load Video"},
    "get last frame": {"Video Frames"},
    "video to video": {"Video Frames"},
    "image to video": {"Picture for PIA", "Picture for AnimateLCM-I2V", "Start From Picture"},
    "context options": {"Sliding Context"},
    "prompt schedule": {"Prompt Travel"},
    "cameractrl": {"Camera Path", "Camera Control", "Camera Path From Text"},
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("query", FOUND)
def test_node_search_finds_nodes_by_alias(page: Page, query: str) -> None:
    results = _search(page, query)
    for name in FOUND[query]:
        expect(results.filter(has_text=name).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(results).to_have_count(0)


@pytest.mark.timeout(120)
def test_the_loader_is_the_first_of_the_pack_for_animatediff(page: Page) -> None:
    results = _search(page, "animatediff").filter(has_text="Kinema / ")
    expect(results.first).to_contain_text("Load Motion Module")
    page.keyboard.press("Escape")
    expect(results).to_have_count(0)


@pytest.mark.timeout(120)
def test_found_node_is_added_to_the_graph(page: Page) -> None:
    _search(page, "video combine").filter(has_text="Combine Video").first.click()
    # a new node sticks to the pointer until the next click
    page.mouse.click(800, 500)
    assert page.evaluate("app.graph.nodes.map(node => node.type)") == ["KinemaCombineVideo"]


def _search(page: Page, query: str) -> Locator:
    """Double click on the empty canvas and type."""
    results = page.get_by_test_id("result-item")
    for _ in range(5):
        # clicks more than 0.3 s apart, as on a busy machine, are no double click
        page.mouse.dblclick(800, 500)
        page.wait_for_timeout(500)
        if results.count():
            break
    page.keyboard.type(query)
    return results
