"""Batch nodes in the real front end: one node whose sockets take the type of what is connected."""

from typing import Any

import pytest
from playwright.sync_api import Page

KINDS = {"IMAGE": "EmptyImage", "MASK": "SolidMask", "LATENT": "EmptyLatentImage"}
NODES = ["SelectFrames", "EveryNthFrame", "SplitFrames", "RepeatFrames", "ReverseFrames", "PingPongFrames"]
CONNECT = """async ([source, kind, second]) => {
    app.graph.clear()
    const add = type => { const node = LiteGraph.createNode(type); app.graph.add(node); return node }
    const settled = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))
    const from = add(source), node = add(kind), next = add('KinemaReverseFrames'), wrong = add('VAEEncode')
    const outputs = () => node.outputs.filter(each => each.name !== 'frames' && !each.name.endsWith('_frames'))
    const before = outputs().map(each => each.type)
    const linked = from.connect(0, node, 0) !== null
    await settled()
    const types = outputs().map(each => each.type)
    node.connect(0, next, 0)
    await settled()
    const onwards = next.outputs[0].type
    // pixels of a VAE are images and nothing else
    const accepted = Boolean(node.connect(0, wrong, 0))
    const other = second ? Boolean(add(second).connect(0, node, 1)) : null
    const saved = app.graph.serialize().nodes.find(each => each.type === kind).outputs.map(each => each.type)
    return { before, linked, types, onwards, accepted, other, saved }
}"""


def connected(page: Page, source: str, node: str, second: str | None = None) -> dict[str, Any]:
    return page.evaluate(CONNECT, [source, f"Kinema{node}", second])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("node", NODES)
def test_a_wire_keeps_its_type(page: Page, node: str, kind: str) -> None:
    found = connected(page, KINDS[kind], node)
    assert found["linked"]
    assert set(found["types"]) == {kind}, found
    assert found["onwards"] == kind, "and so does the node behind it"
    assert found["accepted"] == (kind == "IMAGE")
    assert kind in found["saved"]


@pytest.mark.parametrize("node", ["MergeFrames", "CrossfadeFrames"])
def test_both_sockets_take_the_same_type(page: Page, node: str) -> None:
    for kind, source in KINDS.items():
        for other in KINDS.values():
            found = connected(page, source, node, other)
            assert set(found["types"]) == {kind}
            assert found["other"] == (source == other), (source, other)


def test_nothing_else_can_be_connected(page: Page) -> None:
    assert not connected(page, "PrimitiveInt", "SelectFrames")["linked"]
    assert not connected(page, "CheckpointLoaderSimple", "FrameInfo")["linked"]
