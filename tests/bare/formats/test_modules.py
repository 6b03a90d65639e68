"""Every layout is recognised as exactly one format, by what is in the file and nothing else."""

import itertools
from dataclasses import replace

import pytest
from kinema.motion.formats import LCM_PICTURE, PIA, Recognised, Site, recognise
from kinema.motion.formats.kinds import KINDS, key_lines
from kinema.motion.formats.layouts import DIFFUSERS, HOTSHOT, ORIGINAL
from kinema.motion.formats.modules import FORMATS, MotionFormatError
from kinema.motion.formats.structure import Structure
from kinema.motion.formats.weights import WeightFileError
from kinema.motion.sampling import SCHEDULES

from tests.harness.seeded.layouts import SD15, SDXL, image_unet, motion_shapes, respelled
from tests.harness.seeded.weights_pictures import pia_layer, picture_encoder

Shapes = dict[str, tuple[int, ...]]
SQRT, LCM, LCM_PICTURES, SDXL_BETAS, SD_BETAS = (
    "sqrt_linear (AnimateDiff)",
    "lcm sqrt_linear (AnimateLCM)",
    "lcm sqrt_linear (AnimateLCM-I2V)",
    "linear (AnimateDiff-SDXL)",
    "linear (HotshotXL/default)",
)
RESNETS, MOTION, NEITHER = "the image model", "the motion module", "none"
V1, V2, V3 = ((SD15, False, 24), (SD15, True, 32), (SD15, False, 32))
PUBLISHED = {
    # file: (levels, mid, positions), spelling, with UNet: format, frames, trained frames, betas, norms over frames
    "mm_sd_v15": (V1, ORIGINAL, False, "AnimateDiff v1", 24, 16, SQRT, RESNETS),
    "mm_sd_v15_v2": (V2, ORIGINAL, False, "AnimateDiff v2", 32, 16, SQRT, NEITHER),
    "v3_sd15_mm": (V3, ORIGINAL, False, "AnimateDiff v3", 32, 16, SQRT, NEITHER),
    "mm_sdxl_v10_beta": ((SDXL, False, 32), ORIGINAL, False, "AnimateDiff SDXL beta", 32, 16, SDXL_BETAS, MOTION),
    "hsxl_temporal_layers": ((SDXL, False, 24), HOTSHOT, False, "HotshotXL", 24, 8, SD_BETAS, RESNETS),
    "AnimateLCM_sd15_t2v": ((SD15, True, None), ORIGINAL, False, "AnimateLCM", 64, 16, LCM, NEITHER),
    "lt_long_mm_32_frames": ((SD15, True, 64), ORIGINAL, False, "LongAnimateDiff 32", 64, 32, SQRT, NEITHER),
    "lt_long_mm_16_64": ((SD15, True, 128), ORIGINAL, False, "LongAnimateDiff 16-64", 128, 64, SQRT, NEITHER),
    "motion-adapter-v1-5": (V1, DIFFUSERS, False, "AnimateDiff v1", 24, 16, SQRT, RESNETS),
    "motion-adapter-v1-5-2": (V2, DIFFUSERS, False, "AnimateDiff v2", 32, 16, SQRT, NEITHER),
    "motion-adapter-v1-5-3": (V3, DIFFUSERS, False, "AnimateDiff v3", 32, 16, SQRT, NEITHER),
    "motion-adapter-sdxl": ((SDXL, False, 32), DIFFUSERS, False, "AnimateDiff SDXL beta", 32, 16, SDXL_BETAS, MOTION),
    "train.py 2024-07": ((SD15, False, None), ORIGINAL, True, "AnimateDiff v1, retrained", 24, 16, SQRT, RESNETS),
    "train.py before": (V1, ORIGINAL, True, "AnimateDiff v1", 24, 16, SQRT, RESNETS),
    "train.py with mid": ((SD15, True, None), ORIGINAL, True, "AnimateDiff v2, retrained", 32, 16, SQRT, NEITHER),
    "Moore denoising_unet": (V2, ORIGINAL, True, "AnimateDiff v2", 32, 16, SQRT, NEITHER),
    "UNetMotionModel": (V3, DIFFUSERS, True, "AnimateDiff v3", 32, 16, SQRT, NEITHER),
}
VARIANTS = {
    # nobody published these: levels, spelling, name, frames, betas, norms over frames
    "v2 16": ((SD15, True, 16), ORIGINAL, "AnimateDiff v2 family, 16 frames", 16, SQRT, NEITHER),
    "v2 48": ((SD15, True, 48), DIFFUSERS, "AnimateDiff v2 family, 48 frames", 48, SQRT, NEITHER),
    "v1 96": ((SD15, False, 96), ORIGINAL, "AnimateDiff v1 family, 96 frames", 96, SQRT, RESNETS),
    "v1 without tables": ((SD15, False, None), ORIGINAL, "AnimateDiff v1, retrained", 24, SQRT, RESNETS),
    "LCM in diffusers": ((SD15, True, None), DIFFUSERS, "AnimateLCM", 64, LCM, NEITHER),
    "LCM in Hotshot": ((SD15, True, None), HOTSHOT, "AnimateLCM", 64, LCM, NEITHER),
    "Long in diffusers": ((SD15, True, 128), DIFFUSERS, "LongAnimateDiff 16-64", 128, SQRT, NEITHER),
    "v2 in Hotshot": (V2, HOTSHOT, "AnimateDiff v2", 32, SQRT, NEITHER),
    "Hotshot in original": ((SDXL, False, 24), ORIGINAL, "HotshotXL", 24, SD_BETAS, RESNETS),
    "Hotshot in diffusers": ((SDXL, False, 24), DIFFUSERS, "HotshotXL", 24, SD_BETAS, RESNETS),
    "Hotshot 32": ((SDXL, False, 32), HOTSHOT, "HotshotXL family, 32 frames", 32, SD_BETAS, RESNETS),
    "Hotshot no tables": ((SDXL, False, None), HOTSHOT, "HotshotXL family, 24 frames", 24, SD_BETAS, RESNETS),
    "SDXL 64": ((SDXL, False, 64), ORIGINAL, "AnimateDiff SDXL family, 64 frames", 64, SDXL_BETAS, MOTION),
    "SDXL mid": ((SDXL, True, 32), ORIGINAL, "AnimateDiff SDXL beta, with a mid block", 32, SDXL_BETAS, MOTION),
}


V3_PIA, LCM_I2V = pia_layer(320), picture_encoder(SD15)
PICTURED = {
    # file: (levels, mid, positions), spelling, with UNet, picture layers: format, frames, betas, norms over frames
    "pia": (V3, ORIGINAL, False, V3_PIA, "PIA", 32, SQRT, RESNETS),
    "PIA-condition-adapter": (V3, DIFFUSERS, False, V3_PIA, "PIA", 32, SQRT, RESNETS),
    "pia with its UNet": (V3, ORIGINAL, True, V3_PIA, "PIA", 32, SQRT, RESNETS),
    "AnimateLCM_sd15_i2v": ((SD15, True, None), ORIGINAL, False, LCM_I2V, "AnimateLCM-I2V", 64, LCM_PICTURES, NEITHER),
}


def file_of(structure: tuple, spelling: str = ORIGINAL, unet: bool = False) -> Shapes:
    return respelled(motion_shapes(*structure), spelling) | (image_unet() if unet else {})


def check(recognised: Recognised, name: str, frames: int, betas: str, pooled: str) -> None:
    assert recognised.format.name == name
    assert recognised.max_frames == frames
    assert sum(format.matches(recognised.structure) for format in FORMATS) == 1
    told = dict(recognised.describe())
    assert told["version"] == name
    assert told["beta schedule"] == betas == recognised.format.beta_schedule
    assert told["norms over all frames"] == pooled
    assert told["image model"] == ("SDXL" if "XL" in name else "SD1.5")


@pytest.mark.parametrize("file", PUBLISHED)
def test_published_files(file: str) -> None:
    structure, spelling, unet, name, frames, trained, betas, pooled = PUBLISHED[file]
    shapes = file_of(structure, spelling, unet)
    recognised = recognise(shapes, file)
    check(recognised, name, frames, betas, pooled)
    assert recognised.structure.layout == spelling
    assert recognised.unet == (686 if unet else 0)
    assert dict(recognised.describe())["frames at once"] == f"up to {frames}, trained on {trained}"
    assert ("not used" in dict(recognised.describe())) == unet
    assert not any(entry.applies(key_lines(shapes)) for entry in KINDS)


@pytest.mark.parametrize("file", PICTURED)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_files_that_animate_a_picture(file: str, prefix: str) -> None:
    structure, spelling, unet, picture, name, frames, betas, pooled = PICTURED[file]
    shapes = {prefix + key: shape for key, shape in (file_of(structure, spelling, unet) | picture).items()}
    recognised = recognise(shapes, file)
    check(recognised, name, frames, betas, pooled)
    assert set(recognised.picture_keys) == {prefix + key for key in picture}
    assert recognised.unet == (684 if unet else 0)
    assert "animates the picture from Picture for" in recognised.format.advice
    assert not any(entry.applies(key_lines(shapes)) for entry in KINDS)


def test_picture_layers_have_to_be_whole() -> None:
    lcm = file_of((SD15, True, None)) | LCM_I2V
    key = "img_encoder.body.4.in_conv.weight"
    said = refused({name: shape for name, shape in lcm.items() if name != key})
    assert "not as expected: body.4.in_conv.weight missing" in said
    assert "body.4.in_conv.weight (1280, 320, 1, 1)" in refused(lcm | {key: (1280, 320, 1, 1)})
    assert "body.8.block1.weight unknown" in refused(lcm | {"img_encoder.body.8.block1.weight": (1280, 1280, 3, 3)})
    assert "conv_in.weight (640, 9, 3, 3)" in refused(file_of(V3) | pia_layer(640))
    assert "1 of its 562 tensors" in refused(file_of(V3) | V3_PIA | {"conv_in.weight": (320, 8, 3, 3)})
    up_only = {key: shape for key, shape in (file_of(V3) | V3_PIA).items() if not key.startswith("down_")}
    assert "need parts at every level going down" in refused(up_only)
    for structure, picture in (((SDXL, False, 32), V3_PIA), (V1, V3_PIA), (V2, LCM_I2V)):
        assert "its temporal layers are others than those of the published" in refused(file_of(structure) | picture)


@pytest.mark.parametrize("file", VARIANTS)
def test_variants(file: str) -> None:
    structure, spelling, *expected = VARIANTS[file]
    check(recognise(file_of(structure, spelling), file), *expected)


@pytest.mark.parametrize("prefix", ["unet.", "model.", "motion_module.", "motion_modules.", "a.b."])
@pytest.mark.parametrize("unet", [False, True])
def test_shared_prefix_plays_no_part(prefix: str, unet: bool) -> None:
    shapes = {prefix + key: shape for key, shape in file_of(V2, ORIGINAL, unet).items()}
    recognised = recognise(shapes, "file")
    assert recognised.format.name == "AnimateDiff v2"
    assert set(recognised.keys) <= set(shapes)


def test_original_names_without_the_inner_level() -> None:
    shapes = {key.replace(".temporal_transformer", ""): shape for key, shape in file_of(V2).items()}
    assert recognise(shapes, "file").format.name == "AnimateDiff v2"


@pytest.mark.parametrize("spelling", [ORIGINAL, HOTSHOT, DIFFUSERS])
def test_name_and_order_play_no_part(spelling: str) -> None:
    shapes = file_of(V3, spelling, unet=True)
    backwards = dict(reversed(shapes.items()))
    assert recognise(backwards, "mm_sd_v15_v2.ckpt").format.name == "AnimateDiff v3"


def test_exactly_one_format_for_every_structure() -> None:
    sites = {
        (levels, mid): {Site("down", level, 0): 320 for level in range(levels)}
        | ({Site("mid", 0, 0): 320} if mid else {})
        for levels in range(1, 7)
        for mid in (False, True)
    }
    rows = (None, 8, 16, 24, 32, 48, 64, 96, 128, 256)
    for (levels, mid), positions, layout, unet in itertools.product(
        sites, rows, (ORIGINAL, HOTSHOT, DIFFUSERS), (False, True)
    ):
        structure = Structure(layout, sites[levels, mid], 2, positions, unet)
        found = [format.name for format in FORMATS if format.matches(structure)]
        assert len(found) == (1 if levels in (3, 4) else 0), (structure, found)
        for picture, where in ((PIA, (4, False, 32)), (LCM_PICTURE, (4, True, None))):
            found = [format.name for format in FORMATS if format.matches(replace(structure, picture=picture))]
            assert len(found) == ((levels, mid, positions) == where), (structure, found)


def test_formats_are_complete() -> None:
    assert all(format.beta_schedule in SCHEDULES for format in FORMATS)
    assert all(format.rebuilt for format in FORMATS if None in format.rows)
    assert len({format.name for format in FORMATS}) == len(FORMATS)


def test_up_blocks_only() -> None:
    shapes = {key: shape for key, shape in file_of(V1).items() if key.startswith("up_")}
    recognised = recognise(shapes, "file")
    assert recognised.format.name == "AnimateDiff v1, up blocks only"
    assert len(recognised.structure.channels) == 12


def test_some_resolutions_only() -> None:
    shapes = {
        key: shape for key, shape in file_of(V2).items() if "down_blocks.3" not in key and "up_blocks.0" not in key
    }
    assert recognise(shapes, "file").format.name == "AnimateDiff v2, levels 0 1 2 only"


BESIDE: Shapes = {
    "global_step": (),
    "exp_avg": (320, 320),
    "optimizer.state.1.exp_avg": (320,),
    "alphas_cumprod": (1000,),
    "cond_stage_model.transformer.text_model.embeddings.position_ids": (1, 77),
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    "something.else": (2, 2),
}


@pytest.mark.parametrize("key", [*BESIDE, None])
@pytest.mark.parametrize("file", PUBLISHED)
def test_what_is_not_temporal_is_left_out_and_named(file: str, key: str | None) -> None:
    structure, spelling, unet, name, *_ = PUBLISHED[file]
    more = {each: shape for each, shape in BESIDE.items() if key in (each, None)}
    for prefix in ("", "module.", "unet."):
        whole = {prefix + each: shape for each, shape in file_of(structure, spelling, unet).items()}
        for shapes in (whole | more, more | whole):
            recognised = recognise(shapes, file)
            assert recognised.format.name == name
            assert set(recognised.ignored) == set(more)
            count = f"{len(more)} tensor{'s' * (len(more) > 1)}"
            assert (
                dict(recognised.describe())["ignored"]
                == f"{count} beside the motion module, such as {next(iter(more))}"
            )
            assert set(recognised.keys) <= set(whole)


@pytest.mark.parametrize("main", ["", "model.", "state_dict.", "b."])
@pytest.mark.parametrize("copy", ["model_ema.", "ema_state_dict.", "averaged.unet.", "z."])
def test_one_of_two_sets_is_taken_by_a_rule(main: str, copy: str) -> None:
    module = file_of(V2)
    first = {main + key: shape for key, shape in module.items()}
    second = {copy + key: shape for key, shape in module.items()}
    orders = (first | second,) if copy == "z." else (first | second, second | first)
    for shapes in orders:
        recognised = recognise(shapes, "file")
        assert set(recognised.keys) == set(first)
        assert recognised.copies == (copy,)
        told = dict(recognised.describe())
        assert told["taken"].startswith("of 2 sets of temporal layers those ")
        assert repr(copy.rstrip(".")) in told["taken"]
        assert "ignored" not in told
    part = {key: shape for key, shape in first.items() if ".1." not in key}
    assert set(recognise(part | second, "file").keys) == set(second)


def test_temporal_layers_without_a_place_are_not_left_out() -> None:
    whole = file_of(V2)
    for key in (
        "blocks.0.motion_modules.0.conv.weight",
        "down_blocks.100.motion_modules.0.temporal_transformer.norm.weight",
        "down_blocks.0.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.99999999.to_q.weight",
        "down_blocks.0.audio_modules.0.proj_in.weight",
        "down_blocks.0.attentions.0.transformer_blocks.0.attn3.to_q.weight",
    ):
        assert "unfamiliar arrangement: 1 of its" in refused(whole | {key: (320, 320)})
    assert "a FancyVideo model" in refused(whole | {"fps_embedding.linear.weight": (1280, 1280), "global_step": ()})


@pytest.mark.parametrize("spelled", ["pe", "pos_encoding", "positional_encoding"])
def test_every_spelling_of_positions(spelled: str) -> None:
    shapes = {key.replace("pos_encoder.pe", f"pos_encoder.{spelled}"): shape for key, shape in file_of(V2).items()}
    assert recognise(shapes, "file").format.name == "AnimateDiff v2"


def test_one_attention_layer() -> None:
    shapes = {key: shape for key, shape in file_of(V2).items() if "_blocks.1.to" not in key}
    shapes = {key: s for key, s in shapes.items() if "norms.1." not in key and "attention_blocks.1." not in key}
    assert recognise(shapes, "file").format.name == "AnimateDiff v2, attention layers: 1"


def refused(shapes: Shapes) -> str:
    with pytest.raises(MotionFormatError) as caught:
        recognise(shapes, "file.ckpt")
    assert str(caught.value).startswith("file.ckpt")
    return str(caught.value)


@pytest.mark.parametrize("spelling", [ORIGINAL, HOTSHOT, DIFFUSERS])
def test_incomplete_files_say_what_is_missing(spelling: str) -> None:
    whole = file_of(V2, spelling)
    key = next(key for key in whole if key.endswith("ff.net.2.weight"))
    said = refused({name: shape for name, shape in whole.items() if name != key})
    assert "1 tensors of the down block 0.0 are missing, such as ff_out.weight" in said
    said = refused({name: shape for name, shape in whole.items() if name.startswith("down_")})
    assert "12 of its 20 parts are missing, such as the one for the up block 0.0" in said
    module = ("up_blocks.1.motion_modules.2.", "up_blocks.1.temporal_attentions.2.")
    said = refused({name: shape for name, shape in whole.items() if not name.startswith(module)})
    assert "1 of its 21 parts are missing, such as the one for the up block 1.2" in said


def test_odd_files_say_what_is_odd() -> None:
    whole = file_of(V2)
    block = "down_blocks.0.motion_modules.0.temporal_transformer."
    attention = f"{block}transformer_blocks.0.attention_blocks.0."
    assert "proj_out.weight (320, 640)" in refused(whole | {f"{block}proj_out.weight": (320, 640)})
    assert "positions.table (320,)" in refused(
        {key: shape[2:] if key.endswith("pe") else shape for key, shape in whole.items()}
    )
    assert "positions.table (1, 32, 64)" in refused(whole | {f"{attention}pos_encoder.pe": (1, 32, 64)})
    assert "differ in length" in refused(whole | {f"{attention}pos_encoder.pe": (1, 24, 320)})
    assert "twice" in refused(whole | {f"{attention}pos_encoder.positional_encoding": (1, 32, 320)})
    assert "1 of its 589 tensors are none that a motion module has" in refused(whole | {f"{block}extra": (1,)})
    fourth = {
        key.replace("up_blocks.1.motion_modules.2", "up_blocks.1.motion_modules.3"): s for key, s in whole.items()
    }
    assert "the up block 1.3, where image models have no layer" in refused(whole | fourth)
    assert "48 channels, which 32 does not divide" in refused(file_of(((48, 48, 48, 48), True, 32)))
    assert "5 resolution levels" in refused(file_of(((320, 320, 320, 320, 320), True, 32)))
    lopsided = file_of(V2) | {k: s for k, s in file_of(((320, 320, 320, 320), True, 32)).items() if k.startswith("up_")}
    assert "is not as wide as its counterpart" in refused(lopsided)
    tables = [key for key in whole if key.endswith("pe")]
    assert "are missing, such as attentions.0.positions.table" in refused(
        {key: shape for key, shape in whole.items() if key not in tables[4:]}
    )


def test_errors_are_value_errors() -> None:
    assert issubclass(MotionFormatError, ValueError)
    assert issubclass(WeightFileError, ValueError)
