"""No node of a template covers another, in either way of drawing them, on opening and after a run."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.arrange import shown_by
from tests.harness.browser import Tab, open_tab
from tests.harness.layout import Box, covering, measure, open_graph, pretend_run
from tests.harness.seeded.weights import CHECKPOINT
from tests.harness.server import Server
from tests.harness.templates import MOTION_MODULE, find, short_name, template_paths

TEMPLATES = [short_name(path) for path in template_paths()]
WIDGETS = {
    "CheckpointLoaderSimple": {"ckpt_name": CHECKPOINT},
    "KinemaLoadMotionModule": {"motion_module": MOTION_MODULE},
    "EmptyLatentImage": {"width": 64, "height": 64, "batch_size": 10},
    "KinemaSlidingContext": {"context_length": 8, "context_overlap": 2},
    "KSampler": {"steps": 1},
}
SET_WIDGETS = """widgets => {
    for (const node of app.graph.nodes)
        for (const [name, value] of Object.entries(widgets[node.type] ?? {}))
            node.widgets.find(widget => widget.name === name).value = value
}"""
SAVED = """() => {
    const saving = app.graph.nodes.find(node => node.type === "KinemaDecodeAndSaveVideo")
    return app.nodeOutputs[saving.id]?.images?.[0].filename.startsWith("kinema")
}"""


@pytest.fixture(scope="module", params=[False, True], ids=["classic", "nodes_2"])
def drawn(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Tab]:
    """The front end in one of its ways of drawing nodes."""
    with open_tab(browser, server.url, nodes_2=request.param) as opened:
        yield opened


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", TEMPLATES)
def test_no_node_covers_another(drawn: Tab, server: Server, name: str) -> None:
    open_graph(drawn.page, find(name))
    opened = measure(drawn.page)
    assert covering(opened) == []
    assert [box for box in opened if box.hidden] == [], "notes show all they say"
    pretend_run(drawn.page, shown_by(server))
    after = measure(drawn.page)
    assert covering(after) == []
    grown = [new.type for old, new in zip(opened, after, strict=True) if new.height > old.height + 20]
    if "KSampler" in {box.type for box in opened}:
        assert "KSampler" in grown, "a preview was there to be measured"
        assert {"KinemaAnimateModel", "KinemaAnimateCharacter"} & set(grown), "a notice was there to be measured"
    else:
        assert "KinemaCombineVideo" in grown, "a clip was there to be measured"
    assert drawn.errors == []


FREE = """() => fetch("/free", {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({free_memory: true})
})"""


@pytest.mark.timeout(300)
def test_no_node_covers_another_after_a_real_run(drawn: Tab) -> None:
    open_graph(drawn.page, find("long-clip"))
    drawn.page.evaluate(SET_WIDGETS, WIDGETS)
    opened = after = measure(drawn.page)
    # a node that has run with the same inputs, in the other way of drawing, would not run and show nothing
    drawn.page.evaluate(FREE)
    drawn.page.get_by_test_id("queue-button").click()
    drawn.page.wait_for_function(SAVED, timeout=240_000)
    for _ in range(20):
        # what a node shows may come a moment after the file
        drawn.page.wait_for_timeout(500)
        after = measure(drawn.page)
        if any(new.height > old.height for old, new in zip(opened, after, strict=True)):
            break
    assert _covered(drawn.page) == []
    assert any(new.height > old.height for old, new in zip(opened, after, strict=True)), (
        "notices and previews are there"
    )
    assert drawn.errors == []


def test_one_node_on_another_is_seen() -> None:
    lower, upper = Box(1, "a", 0, 100, 50, 50, 0), Box(2, "b", 40, 0, 50, 99, 0)
    assert covering([lower, upper]) == []
    assert covering([lower, Box(2, "b", 40, 0, 50, 105, 0)]) != []


def _covered(page: Page) -> list[tuple[str, str]]:
    return [(one.type, other.type) for one, other in covering(measure(page))]
