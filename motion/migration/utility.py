"""Texts, numbers, masks and switches of other packs, as far as the host's own nodes do the same."""

import re
from collections.abc import Mapping, Sequence

from .records import Link, UnsupportedError, Value, is_number
from .rules import ABSENT, Builder, Old, Rule

WAS, IMPACT, COMFYROLL, KJ = "WAS Suite", "Impact Pack", "Comfyroll", "KJNodes"
CRYSTOOLS, EDEN, ADV_CLIP, SMZ = "Crystools", "Eden", "ADV_CLIP_emb", "smZNodes"
INT, FLOAT, TEXT = "PrimitiveInt", "PrimitiveFloat", "PrimitiveStringMultiline"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PLAIN = re.compile(r"[\sa-c0-9.+*/()%^,-]|min|max|abs|round|floor|ceil|sqrt|pow")
"""What expressions have that mean the same in both packs."""


def join(old: Old, new: Builder) -> Sequence[Value | None]:
    """Texts one behind the other, empty ones left out as far as they are known."""
    given = [(name, old.get(name, "")) for name in ("text_a", "text_b", "text_c", "text_d")]
    texts = [value for _, value in given if value != ""]
    between = old.get("delimiter", "")
    if isinstance(between, str):
        between = between.replace("\\n", "\n")
    if not texts:
        return [new.node(TEXT, old, value="")[0]]
    made = texts[0]
    for position, text in enumerate(texts[1:]):
        last = position == len(texts) - 2
        made = new.node("StringConcatenate", old, main=last, string_a=made, string_b=text, delimiter=between)[0]
    return [made] if isinstance(made, Link) else [new.node(TEXT, old, value=made)[0]]


def four_texts(old: Old, new: Builder) -> Sequence[Value | None]:
    """Up to four texts, each in a node of its own."""
    found: list[Value | None] = []
    for slot, name in enumerate(("text", "text_b", "text_c", "text_d")):
        wanted = slot == 0 or old.graph.reads(old.node.id, (slot,))
        found.append(new.node(TEXT, old, value=old.get(name, ""))[0] if wanted else None)
    return found


def as_text(old: Old, new: Builder) -> Sequence[Value | None]:
    """A number as text, which the host's node shows too."""
    value = next((old[name] for name in ("int_", "number", "value") if old.linked(name)), ABSENT)
    if value is ABSENT:
        return [new.node(TEXT, old, value=str(old.get("int_", old.get("number", 0))))[0], None]
    return [new.node("PreviewAny", old, source=value)[0], None]


def number(old: Old, new: Builder) -> Sequence[Value | None]:
    """A number for whole and broken outputs."""
    value = old.get("number", old.get("number_as_text", 0))
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError as error:
            raise UnsupportedError(f"{value!r} is no number") from error
    whole = new.node(INT, old, value=round(value) if is_number(value) else value)
    broken = new.node(FLOAT, old, value=value) if old.graph.reads(old.node.id, (0, 1)) else whole
    return [broken[0], broken[0], whole[0]]


def was_seed(old: Old, new: Builder) -> Sequence[Value | None]:
    """A seed as a number of every kind."""
    whole = new.node(INT, old, value=old.get("seed", 0))[0]
    broken = new.node(FLOAT, old, value=old.get("seed", 0))[0] if old.graph.reads(old.node.id, (2,)) else None
    return [whole, whole, broken, whole]


def seed(old: Old, new: Builder) -> Sequence[Value | None]:
    """A seed, and the same as text."""
    made = new.node(INT, old, value=old.get("seed", 0))
    text = new.node("PreviewAny", old, source=made[0])[0] if old.graph.reads(old.node.id, (1,)) else None
    return [made[0], text]


def calculate(old: Old, new: Builder) -> Sequence[Value | None]:
    """An expression of up to three numbers."""
    expression = old.get("expression", "")
    if not isinstance(expression, str) or not expression.strip() or PLAIN.sub("", expression):
        raise UnsupportedError("the expression is empty, or has more than numbers, a, b, c and simple functions")
    if old.node.type.startswith("Math") and "^" in expression:
        raise UnsupportedError("^ in the expression stands for an operation on bits")
    values = {
        f"values.{letter}": old[letter]
        if old.linked(letter)
        else new.node(FLOAT, old, main=False, value=old[letter])[0]
        for letter in LETTERS[:3]
        if old[letter] is not ABSENT and old[letter] is not None
    }
    if not values:
        values = {"values.a": new.node(INT, old, main=False, value=0)[0]}
    made = new.node("ComfyMathExpression", old, main=True, expression=expression.replace("^", "**"), **values)
    if old.node.type.startswith("Math"):
        return [made[1], made[0]]
    text = new.node("PreviewAny", old, source=made[0])[0] if old.graph.reads(old.node.id, (2,)) else None
    return [made[0], made[1], text]


def switch(old: Old, new: Builder) -> Sequence[Value | None]:
    """One of two values: a wire where it is known which, the host's switch where it is not."""
    which = old.known("boolean", True)
    if which is ABSENT:
        made = new.node(
            "ComfySwitchNode", old, switch=old["boolean"], on_true=old.need("on_true"), on_false=old.need("on_false")
        )
        return [made[0]]
    value = old.need("on_true" if which else "on_false")
    return [None if value is ABSENT else value]


def choose(old: Old, new: Builder) -> Sequence[Value | None]:
    """The first or the second value."""
    which = old.known("Input", 1)
    if which is ABSENT:
        raise UnsupportedError("which input counts comes over a wire")
    names = [name for name, value in old.node.values.items() if isinstance(value, Link) and name != "Input"]
    wanted = [name for name in names if name.endswith(str(which))]
    return [old[wanted[0]] if wanted else None, None]


def grow(old: Old, new: Builder) -> Sequence[Value | None]:
    """A larger or smaller mask with soft edges, and its opposite."""
    if any(old.get(name, neutral) != neutral for name, neutral in NEUTRAL.items()):
        new.note("What changes from frame to frame in the mask is left out: every frame is grown alike.")
    mask: Value = old.need("mask")
    if old.get("flip_input", False) is True:
        mask = new.node("InvertMask", old, main=False, mask=mask)[0]
    mask = new.node(
        "GrowMask",
        old,
        main=True,
        mask=mask,
        expand=old.get("expand", 0),
        tapered_corners=old.get("tapered_corners", True),
    )[0]
    radius = old.get("blur_radius", 0)
    if not is_number(radius) or radius > 0:
        picture = new.node("MaskToImage", old, mask=mask)
        size = round(radius) if is_number(radius) else radius
        sigma = max(radius / 2, 0.1) if is_number(radius) else ABSENT
        soft = new.node("ImageBlur", old, image=picture[0], blur_radius=size, sigma=sigma)
        mask = new.node("ImageToMask", old, image=soft[0], channel="red")[0]
    other = new.node("InvertMask", old, main=False, mask=mask)[0] if old.graph.reads(old.node.id, (1,)) else None
    return [mask, other]


NEUTRAL: Mapping[str, float] = {"incremental_expandrate": 0, "lerp_alpha": 1, "decay_factor": 1}


def encode(old: Old, new: Builder) -> Sequence[Value | None]:
    """A prompt; the host has one way of weighing words."""
    ways = (old.get("token_normalization", "none"), old.get("weight_interpretation", old.get("parser", "comfy")))
    if ways != ("none", "comfy"):
        new.note("Words are weighed as ComfyUI does it: results of weights above and below 1 differ a little.")
    return [new.node("CLIPTextEncode", old, text=old.get("text", ""), clip=old.need("clip"))[0]]


BUS = ("model", "clip", "vae", "positive", "negative")


def bus(old: Old, new: Builder) -> Sequence[Value | None]:
    """Several wires in one: each of them by itself."""
    values = dict.fromkeys(BUS)
    at: Old | None = old
    seen: set[object] = set()
    while at is not None and at.node.type == "Bus Node" and at.node.id not in seen:
        seen.add(at.node.id)
        for name in BUS:
            if values[name] is None and at.linked(name):
                values[name] = at[name]
        at = at.upstream("bus")
    return [None, *(values[name] for name in BUS)]


def lcm_steps(old: Old, new: Builder) -> Sequence[Value | None]:
    """The steps of LCM for a sampler."""
    new.note("Steps are those of the scheduler sgm_uniform, which LCM is used with here.")
    made = new.node(
        "BasicScheduler",
        old,
        model=old.need("model"),
        scheduler="sgm_uniform",
        steps=old.get("steps", 8),
        denoise=old.get("denoise", 1.0),
    )
    return [made[0]]


def lcm_sampler(old: Old, new: Builder) -> Sequence[Value | None]:
    """LCM; the cycles of the other one are left out."""
    new.note("Samplers that go back and forth between noise levels are left out: this is LCM's own.")
    return [new.node("KSamplerSelect", old, sampler_name="lcm")[0]]


RULES = (
    Rule("Text Concatenate", WAS, ("StringConcatenate", TEXT), join),
    Rule("Text String", WAS, (TEXT,), four_texts),
    Rule("String to Text", WAS, (TEXT,), four_texts),
    Rule("Text to String", WAS, (TEXT,), four_texts),
    Rule("Number to Text", WAS, ("PreviewAny", TEXT), as_text),
    Rule("Constant Number", WAS, (INT, FLOAT), number),
    Rule("Seed", WAS, (INT, FLOAT), was_seed),
    Rule("Bus Node", WAS, (), bus, "wires"),
    Rule("CR Integer To String", COMFYROLL, ("PreviewAny", TEXT), as_text),
    *(
        Rule(f"CR {kind} Input Switch", COMFYROLL, (), choose, "a wire from the input that counts")
        for kind in ("Image", "Latent", "Model", "Conditioning", "VAE", "Clip", "ControlNet", "Text")
    ),
    Rule("MathExpression|pysssss", "Custom Scripts", ("ComfyMathExpression", INT, FLOAT), calculate),
    Rule("Eden_Math", EDEN, ("ComfyMathExpression", INT, FLOAT, "PreviewAny"), calculate),
    Rule("Eden_Seed", EDEN, (INT, "PreviewAny"), seed),
    *(
        Rule(f"Switch {kind} [Crystools]", CRYSTOOLS, ("ComfySwitchNode",), switch)
        for kind in ("any", "image", "latent", "mask", "conditioning")
    ),
    Rule("GrowMaskWithBlur", KJ, ("GrowMask", "InvertMask", "MaskToImage", "ImageBlur", "ImageToMask"), grow),
    Rule("BNK_CLIPTextEncodeAdvanced", ADV_CLIP, ("CLIPTextEncode",), encode),
    Rule("smZ CLIPTextEncode", SMZ, ("CLIPTextEncode",), encode),
    Rule("LCMScheduler", "LCM sampler", ("BasicScheduler",), lcm_steps),
    Rule("SamplerLCMCycle", "LCM sampler", ("KSamplerSelect",), lcm_sampler),
)
