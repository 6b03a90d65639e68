"""Files of Animate Anyone and its kin are of one kind each, or motion modules, whatever stands before their keys."""

import pytest
from kinema.motion.formats import FACE_DENOISER, Shapes, kind_and_place, kind_of, recognise, wrapper
from kinema.motion.formats.kinds import KINDS, key_lines
from kinema.motion.formats.modules import MotionFormatError

from tests.harness.seeded.layouts import motion_shapes
from tests.harness.seeded.layouts_character import CHARACTERS, denoising_unet, reference_unet
from tests.harness.seeded.layouts_guiders import GUIDERS, PAPER, moore_guider
from tests.harness.seeded.weights_character import clip_vision_shapes

SMALL = (32, 64, 128, 128)


def under(prefix: str, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {prefix + key: shape for key, shape in shapes.items()}


TRAINING = (
    under("reference_unet.", reference_unet(SMALL))
    | under("denoising_unet.", denoising_unet(SMALL))
    | under("pose_guider.", moore_guider(32))
)
FILES: dict[str, tuple[str, Shapes]] = {
    "reference_unet": ("reference-unet", CHARACTERS["reference_unet"]),
    "denoising_unet": ("image-unet-diffusers", CHARACTERS["denoising_unet"]),
    "echomimic_reference": ("echomimic-reference", CHARACTERS["echomimic_reference"]),
    "echomimic_denoiser": ("echomimic-denoiser", CHARACTERS["echomimic_denoiser"]),
    "v_express_reference": ("v-express-reference", CHARACTERS["v_express_reference"]),
    "v_express_denoiser": ("v-express-denoiser", CHARACTERS["v_express_denoiser"]),
    "v_express_full": ("v-express-denoiser", CHARACTERS["v_express_full"]),
    "v_express_audio": ("v-express-audio", CHARACTERS["v_express_audio"]),
    "appearance_encoder": ("magicanimate-encoder", CHARACTERS["appearance_encoder"]),
    "hallo_net": ("hallo", CHARACTERS["hallo_net"]),
    "moore": ("pose-guider", GUIDERS["moore"]),
    "moore_paper_widths": ("pose-guider", GUIDERS["moore_paper_widths"]),
    "echomimic_locator": ("echomimic-mask", GUIDERS["echomimic_locator"]),
    "champ": ("champ-guider", GUIDERS["champ"]),
    "aniportrait": ("aniportrait-guider", GUIDERS["aniportrait"]),
    "paper": ("paper-guider", GUIDERS["paper"]),
    "hallo locator": ("hallo-locator", under("face_locator.", moore_guider(inner=PAPER))),
    "training": ("animate-anyone-training", TRAINING),
    "x-portrait": ("x-portrait", {"appearance_control_model.input_blocks.0.0.weight": (320, 4, 3, 3)}),
    "clip vision": ("vision-encoder", clip_vision_shapes()),
}
MOTION: dict[str, tuple[str, Shapes]] = {
    "v1": ("AnimateDiff v1", motion_shapes(mid=False, positions=24)),
    "MagicAnimate": ("AnimateDiff v1", motion_shapes(mid=False, positions=24)),
    "v2": ("AnimateDiff v2", motion_shapes()),
    "v3": ("AnimateDiff v3", motion_shapes(mid=False)),
    "MusePose": ("LongAnimateDiff 16-64", motion_shapes(positions=128)),
    "face_denoiser": ("AnimateDiff v2", CHARACTERS["face_denoiser"]),
    "training": ("AnimateDiff v2", TRAINING | under("denoising_unet.", motion_shapes(SMALL))),
}
PREFIXES = ("module.", "unet.", "module.model.")


def kinds(shapes: Shapes) -> list[str]:
    return [kind.id for kind in KINDS if kind.applies(key_lines(shapes))]


def test_every_layout_is_here() -> None:
    assert (CHARACTERS.keys() | GUIDERS.keys()) - FILES.keys() == {"face_denoiser"}


@pytest.mark.parametrize("file", FILES)
def test_exactly_one_kind(file: str) -> None:
    id, shapes = FILES[file]
    assert kinds(shapes) == [id]
    for ordered in (shapes, dict(reversed(shapes.items()))):
        with pytest.raises(MotionFormatError) as caught:
            recognise(ordered, "somebody.pth")
        kind = kind_of(ordered)
        assert kind is not None
        assert str(caught.value).startswith(f"somebody.pth is {kind.title}, not a motion module")
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize("file", MOTION)
def test_motion_modules_are_of_no_kind(file: str) -> None:
    name, shapes = MOTION[file]
    for prefix in ("", *PREFIXES):
        named = under(prefix, shapes)
        assert kinds(named) == []
        assert kind_of(named) is None
        assert recognise(named, "file").format.name == name


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("file", FILES)
def test_what_trainers_leave_before_every_key(file: str, prefix: str) -> None:
    id, shapes = FILES[file]
    for notes in ({}, {"epoch": (), "optimizer.state.0.exp_avg": (3,)}):
        kind = kind_of(under(prefix, shapes) | notes)
        assert kind is not None
        assert kind.id == id


@pytest.mark.parametrize("file", FILES)
def test_one_tensor_more_or_less(file: str) -> None:
    id, shapes = FILES[file]
    keys = list(shapes)
    assert kinds({**shapes, "something.else": (1,)}) == [id]
    for key in keys[1 :: max(1, len(keys) // 6)]:
        found = kinds({other: shape for other, shape in shapes.items() if other != key})
        # what the file has once may be all that tells it
        assert found in ([id], []), key


def test_a_reference_unet_without_some_of_what_nothing_reads() -> None:
    last = "up_blocks.3.attentions.2."
    for part in ("transformer_blocks.0.attn1.", "transformer_blocks.0.ff.", "proj_out."):
        rest = {key: shape for key, shape in reference_unet(SMALL).items() if not key.startswith(last + part)}
        assert kinds(rest) == ["reference-unet"]


def test_the_face_models_denoiser_is_told_by_whoever_wants_a_unet() -> None:
    for name in CHARACTERS | GUIDERS:
        assert FACE_DENOISER.applies(key_lines((CHARACTERS | GUIDERS)[name])) == (name == "face_denoiser")


def test_advice_does_not_ask_for_a_motion_module_where_none_belongs() -> None:
    for _, shapes in FILES.values():
        known = kind_and_place(shapes, "file")
        assert known is not None
        assert "Choose a motion module" not in known.advice
        assert known.advice.endswith(".")


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        ((), ""),
        (("conv_in.weight",), ""),
        (("module.a", "module.b"), "module."),
        (("module.a", "b"), ""),
        (("module.unet.a", "module.unet.b"), "module.unet."),
        (("module.unet.a", "module.unet_ema.b"), "module."),
        (("module.unet.a", "module.u.b"), "module."),
        (("guidance_encoder_semantic_map.a", "guidance_encoder_semantic_map.b"), "guidance_encoder_semantic_map."),
        (("guidance_encoder_depth.a", "guidance_encoder_dwpose.a"), ""),
        (("down_blocks.0.a", "down_blocks.0.b"), ""),
        (("module.",), "module."),
        (("modulex.a",), ""),
    ],
)
def test_wrapper(keys: tuple[str, ...], prefix: str) -> None:
    assert wrapper(keys) == wrapper(reversed(keys)) == prefix
