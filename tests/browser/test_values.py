"""Strengths in the real front end: a number on the node that takes links of three types."""

from playwright.sync_api import Page

ADD = """() => {
    const animate = LiteGraph.createNode('KinemaAnimateModel')
    const value = LiteGraph.createNode('KinemaMotionValue')
    const mask = LiteGraph.createNode('SolidMask')
    for (const node of [animate, value, mask]) app.graph.add(node)
    const names = animate.widgets.map(widget => widget.name)
    const scale = animate.widgets.find(widget => widget.name === 'motion_scale')
    const slot = name => animate.inputs.findIndex(input => input.name === name)
    const linked = [
        value.connect(0, animate, slot('motion_scale')),
        mask.connect(0, animate, slot('effect_strength')),
    ].map(link => link !== null)
    return { names, kind: scale.type, value: scale.value, linked }
}"""


def test_strengths_are_numbers_that_take_links(page: Page) -> None:
    found = page.evaluate(ADD)
    assert found["names"][:3] == ["beta_schedule", "motion_scale", "effect_strength"]
    assert (found["kind"], found["value"]) == ("number", 1)
    assert found["linked"] == [True, True]
