"""Every node has a help page in the panel behind its info button."""

import pytest
from playwright.sync_api import Page, expect

OWN_NODES = """async () => {
    const nodes = await (await fetch("/object_info")).json()
    return Object.values(nodes).filter(node => node.python_module === "custom_nodes.kinema").map(node => node.name)
}"""
ADD = """type => {
    // clear() gives ids out again, and the front end then keeps what a widget of the same name held
    app.graph.nodes.slice().forEach(node => app.graph.remove(node))
    const node = LiteGraph.createNode(type)
    app.graph.add(node)
    app.canvas.centerOnNode(node)
    app.canvas.selectNode(node)
    return node.constructor.nodeData.input_order
}"""


@pytest.mark.timeout(180)
def test_info_button_opens_a_page_that_explains_every_input(page: Page) -> None:
    names = page.evaluate(OWN_NODES)
    assert len(names) >= 3
    for name in names:
        inputs = page.evaluate(ADD, name)
        page.get_by_test_id("info-button").click()
        # the panel falls back to the node's description, without this element, where there is no page
        text = page.locator(".node-help-content .markdown-content")
        expect(text).to_be_visible()
        keys = [*inputs.get("required", []), *inputs.get("optional", [])]
        # the last one is there when the page is
        expect(text).to_contain_text(keys[-1] if keys else "")
        told = text.text_content() or ""
        assert [key for key in keys if key not in told] == [], name
        page.get_by_role("button", name="Toggle properties panel").click()
        expect(text).to_have_count(0)
