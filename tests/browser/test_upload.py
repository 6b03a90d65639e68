"""Files of the user's own, put into the input folder from the node that reads them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FileChooser, Page, TimeoutError

from tests.harness.server import Server
from tests.harness.templates import VIDEO

FILES = {
    "KinemaLoadPose": ("pose", "mine.json", '[{"people": [], "canvas_width": 64, "canvas_height": 64}]'),
    "KinemaLoadCameraPath": ("file", "mine.txt", "1 0.5 0.9 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0"),
}
ADD = """type => {
    app.graph.clear()
    const node = LiteGraph.createNode(type)
    app.graph.add(node)
    app.canvas.centerOnNode(node)
    return node.serialize().widgets_values
}"""
PRESS = "app.graph.nodes[0].widgets.at(-1).callback()"
CHOSEN = "name => app.graph.nodes[0].widgets.find(widget => widget.name === name).value"
PICKERS = "document.querySelectorAll('input[type=file][hidden]').length"
SAVED = "app.graph.nodes[0].serialize().widgets_values"


PRESSES, DIALOG_MILLISECONDS = 3, 15_000


def dialog(page: Page, press: Callable[[], object]) -> FileChooser:
    """The file dialog that a button opens; Chromium drops one it is asked for while it still closes the last."""
    for left in reversed(range(PRESSES)):
        try:
            with page.expect_file_chooser(timeout=DIALOG_MILLISECONDS) as chooser:
                press()
            return chooser.value
        except TimeoutError:
            if not left:
                raise
    raise AssertionError


@pytest.mark.parametrize("type", FILES)
def test_an_uploaded_file_is_chosen(page: Page, server: Server, type: str) -> None:
    name, file, text = FILES[type]
    saved = page.evaluate(ADD, type)
    for content, expected in ((text, file), (text, file), (text + " ", file.replace(".", " (1)."))):
        chooser = dialog(page, lambda: page.evaluate(PRESS))
        chooser.set_files({"name": file, "mimeType": "text/plain", "buffer": content.encode()})
        page.wait_for_function(f"([name, file]) => ({CHOSEN})(name) === file", arg=[name, expected])
        assert (server.base / "input" / expected).read_text() == content
    assert page.evaluate(PICKERS) == 0
    # the button has no value of its own among the saved ones
    assert page.evaluate(SAVED) == [expected, *saved[1:]]


def test_a_dialog_that_was_dismissed_leaves_nothing_and_holds_on_while_it_is_open(page: Page) -> None:
    page.evaluate(ADD, "KinemaLoadPose")
    chooser = dialog(page, lambda: page.evaluate(PRESS))
    assert page.evaluate(PICKERS) == 1
    chooser.element.evaluate("picker => picker.dispatchEvent(new Event('cancel'))")
    assert page.evaluate(PICKERS) == 0


def test_a_video_that_may_be_left_out_has_the_front_ends_own_button(either: Page, server: Server) -> None:
    video = (server.base / "input" / VIDEO).read_bytes()
    saved = either.evaluate(ADD, "KinemaLoadVideo")
    chooser = dialog(either, lambda: either.evaluate(PRESS))
    chooser.set_files({"name": "mine.mp4", "mimeType": "video/mp4", "buffer": video})
    either.wait_for_function(f"({CHOSEN})('file') === 'mine.mp4'")
    # the button's own value stands last, so that the others keep their places
    assert either.evaluate(SAVED) == ["mine.mp4", *saved[1:-1], "image"]
    prompt = either.evaluate("async () => (await app.graphToPrompt()).output")
    assert "upload" not in next(iter(prompt.values()))["inputs"]


def test_several_pictures_go_into_a_new_folder_that_is_chosen(page: Page, server: Server) -> None:
    picture = (server.base / "input" / "example.png").read_bytes()
    saved = page.evaluate(ADD, "KinemaLoadImageSequence")
    chosen = []
    for _ in range(2):
        chooser = dialog(page, lambda: page.evaluate(PRESS))
        assert chooser.is_multiple()
        chooser.set_files(
            [{"name": f"{number}.png", "mimeType": "image/png", "buffer": picture} for number in range(12)]
        )
        page.wait_for_function(
            f"before => ({CHOSEN})('folder').startsWith('pictures 2') && ({CHOSEN})('folder') !== before",
            arg=chosen[-1] if chosen else "",
        )
        chosen.append(page.evaluate(f"({CHOSEN})('folder')"))
        held = sorted(file.name for file in (server.base / "input" / chosen[-1]).iterdir())
        assert held == sorted(f"{number}.png" for number in range(12))
    assert page.evaluate(SAVED) == [chosen[-1], *saved[1:]]
    assert page.evaluate("app.graph.nodes[0].widgets[0].label ?? ''") in ("", "folder")


@pytest.mark.parametrize("type", FILES)
def test_the_button_is_on_the_node_in_nodes_2(page_2: Page, type: str) -> None:
    page_2.evaluate(ADD, type)
    button = page_2.locator(".lg-node").get_by_role("button", name="choose file to upload")
    assert not dialog(page_2, button.click).is_multiple()
