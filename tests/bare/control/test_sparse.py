"""SparseCtrl files are recognised by what is in them, and pictures find their frames."""

import pytest
from kinema.motion.control import (
    Placement,
    PlacementError,
    SparseError,
    SparseFile,
    check_layers,
    parse_indexes,
    pictures_of,
    recognise_sparse,
)
from kinema.motion.formats import kind_and_place, recognise
from kinema.motion.formats.modules import MotionFormatError

from tests.harness.seeded.layouts import MINI, SD15, image_unet, motion_shapes, respelled
from tests.harness.seeded.weights_sparse import sparse_shapes

from ..formats.test_kinds import REFUSED

Shapes = dict[str, tuple[int, ...]]
KINDS = ("rgb", "scribble")
LEAF = "motion_modules.0.temporal_transformer.norm.weight"


def layers(found: SparseFile) -> Shapes:
    """Shapes by their names in a ControlNet of the original layout, if the file is complete."""
    shapes = sparse_shapes(found.reads)
    return {name: shapes[key] for key, name in found.layers.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spelling", ["original", "diffusers"])
@pytest.mark.parametrize("prefix", ["", "controlnet.", "module.a."])
def test_published_files(kind: str, spelling: str, prefix: str) -> None:
    shapes = {prefix + key: shape for key, shape in respelled(sparse_shapes(kind), spelling).items()}
    assert len(shapes) == {"rgb": 486, "scribble": 500}[kind]
    for ordered in (shapes, dict(reversed(shapes.items()))):
        found = recognise_sparse(ordered, "file")
        assert (found.reads, found.widths, found.context) == (kind, SD15, 768)
        assert (found.motion.structure.attentions, found.motion.max_frames) == (1, 32)
        assert found.layers.keys() | found.motion.keys.keys() == shapes.keys()
        assert len(set(found.layers.values())) == len(found.layers)
        with pytest.raises(MotionFormatError, match="a SparseCtrl model, .*load it with Load SparseCtrl"):
            recognise(ordered, "file")


def test_layers_have_their_places() -> None:
    names = recognise_sparse(sparse_shapes("scribble"), "file").layers
    places = {
        "conv_in.weight": "input_blocks.0.0.weight",
        "time_embedding.linear_2.bias": "time_embed.2.bias",
        "down_blocks.0.resnets.1.conv1.weight": "input_blocks.2.0.in_layers.2.weight",
        "down_blocks.1.resnets.0.conv_shortcut.bias": "input_blocks.4.0.skip_connection.bias",
        "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_k.weight": (
            "input_blocks.8.1.transformer_blocks.0.attn2.to_k.weight"
        ),
        "down_blocks.2.downsamplers.0.conv.weight": "input_blocks.9.0.op.weight",
        "down_blocks.3.resnets.1.time_emb_proj.bias": "input_blocks.11.0.emb_layers.1.bias",
        "mid_block.resnets.1.norm2.weight": "middle_block.2.out_layers.0.weight",
        "mid_block.attentions.0.proj_out.bias": "middle_block.1.proj_out.bias",
        "controlnet_cond_embedding.conv_in.weight": "input_hint_block.0.weight",
        "controlnet_cond_embedding.blocks.5.bias": "input_hint_block.12.bias",
        "controlnet_cond_embedding.conv_out.weight": "input_hint_block.14.weight",
        "controlnet_down_blocks.11.weight": "zero_convs.11.0.weight",
        "controlnet_mid_block.bias": "middle_block_out.0.bias",
    }
    assert {key: names[key] for key in places} == places


@pytest.mark.parametrize("file", [file for file in REFUSED if not file.startswith("SparseCtrl")])
def test_other_files_are_named(file: str) -> None:
    kind, place, shapes = REFUSED[file]
    with pytest.raises(SparseError) as caught:
        recognise_sparse(shapes, "somebody.safetensors")
    said = str(caught.value)
    assert said.startswith("somebody.safetensors is ")
    assert kind in said
    assert place in said
    assert "not a SparseCtrl model" in said


def test_motion_modules_and_unknown_files() -> None:
    for shapes in (motion_shapes(), image_unet() | motion_shapes(mid=False)):
        with pytest.raises(SparseError, match=r"is a motion module \(AnimateDiff v[23]\), not a SparseCtrl"):
            recognise_sparse(shapes, "file")
    with pytest.raises(SparseError, match=r"not a SparseCtrl model \(first keys: hello\)"):
        recognise_sparse({"hello": (1,)}, "file")
    found = kind_and_place(sparse_shapes("rgb"), "file")
    assert found is not None
    assert found.id == "sparsectrl"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"controlnet_cond_embedding.weight": (320, 4, 3, 3)}, "what reads its pictures has an unknown form"),
        ({"something.else": (1,)}, r"arranged in an unknown way \(something.else\)"),
        ({f"down_blocks.2.{LEAF}": None}, "file is a SparseCtrl model, but 1 tensors"),
        ({f"mid_block.{LEAF}": (1280,)}, "file is a SparseCtrl model, but 19 tensors"),
    ],
)
def test_damaged_files(change: dict[str, tuple[int, ...] | None], words: str) -> None:
    changed = sparse_shapes("rgb") | change
    shapes = {key: shape for key, shape in changed.items() if shape is not None}
    with pytest.raises(ValueError, match=words):
        recognise_sparse(shapes, "file")


def test_a_level_of_motion_layers_is_missing() -> None:
    shapes = {key: shape for key, shape in sparse_shapes("rgb").items() if "down_blocks.3.motion" not in key}
    with pytest.raises(MotionFormatError, match="incomplete: 2 of its 8 parts are missing"):
        recognise_sparse(shapes, "file")


def test_image_layers_are_compared() -> None:
    shapes = sparse_shapes("rgb")
    found = recognise_sparse(shapes, "file")
    wanted = layers(found)
    check_layers(found, shapes, wanted, "file")
    one = "input_blocks.1.0.in_layers.2.weight"
    for changed, words in (
        (wanted | {"more": (1,)}, "1 of its tensors are missing, such as more"),
        ({key: shape for key, shape in wanted.items() if key != one}, f"have no place in it, such as {one}"),
        (wanted | {one: (1, 2, 3, 4)}, f"have unexpected shapes, such as {one}"),
    ):
        with pytest.raises(SparseError, match=words):
            check_layers(found, shapes, changed, "file")


def test_mini_width() -> None:
    assert recognise_sparse(sparse_shapes("rgb", MINI), "file").widths == MINI


def test_indexes() -> None:
    assert parse_indexes(" 0, 8;-1 3\n") == (0, 8, -1, 3)
    for text, words in (
        ("", "indexes is empty"),
        ("0, half", "'half' is no frame number"),
        ("1.5", "'1.5' is no frame number"),
        ("2, 3, 2", "names frame 2 twice"),
        ("9999999999", "no frame number"),
    ):
        with pytest.raises(PlacementError, match=words):
            parse_indexes(text)
    assert Placement("indexes", (0, -1, 3)).frames(3, 16) == (0, 15, 3)
    for indexes, words in (
        ((16,), "names frame 16, but the clip has 16 frames: they are 0 to 15, or -16 to -1"),
        ((-17,), "names frame -17"),
        ((15, -1), "names frame 15 twice in a clip of 16 frames, as 15 and as -1"),
    ):
        with pytest.raises(PlacementError, match=words):
            Placement("indexes", indexes).frames(len(indexes), 16)


@pytest.mark.parametrize(
    ("kind", "pictures", "frames", "wanted"),
    [
        ("uniform", 1, 16, (0,)),
        ("uniform", 2, 16, (0, 15)),
        ("uniform", 3, 16, (0, 8, 15)),
        ("uniform", 16, 16, tuple(range(16))),
        ("starting", 1, 16, (0,)),
        ("starting", 3, 16, (0, 5, 10)),
        ("ending", 1, 16, (15,)),
        ("ending", 3, 16, (5, 10, 15)),
        ("center", 1, 17, (8,)),
        ("center", 3, 17, (4, 8, 12)),
        ("center", 4, 4, (0, 1, 2, 3)),
        ("uniform", 1, 1, (0,)),
    ],
)
def test_spreads(kind: str, pictures: int, frames: int, wanted: tuple[int, ...]) -> None:
    assert Placement(kind).frames(pictures, frames) == wanted


def test_spread_pictures_never_share_a_frame() -> None:
    for kind in ("uniform", "starting", "ending", "center"):
        for frames in range(1, 40):
            for pictures in range(1, frames + 1):
                places = Placement(kind).frames(pictures, frames)
                assert len(set(places)) == pictures
                assert sorted(places) == list(places)
                assert 0 <= places[0] <= places[-1] < frames
    with pytest.raises(PlacementError, match="5 pictures for a clip of 4 frames"):
        Placement("uniform").frames(5, 4)


@pytest.mark.parametrize(
    ("window", "placed", "wanted"),
    [
        ((0, 1, 2, 3), {0: 0, 2: 1, 9: 2}, {0: 0, 2: 1}),
        ((14, 15, 0, 1), {0: 7}, {2: 7}),
        ((4, 5, 6, 7), {0: 0}, {0: 0}),
        ((4, 5, 6, 7), {10: 0}, {3: 0}),
        ((4, 5, 6, 7), {0: 0, 10: 1}, {3: 1}),
        ((4, 5, 6, 7), {2: 0, 9: 1}, {0: 0, 3: 1}),
        ((7, 8, 0, 1), {4: 5}, {1: 5}),
        ((4, 5, 6, 7), {}, {}),
    ],
)
def test_pictures_of_a_window(window: tuple[int, ...], placed: dict[int, int], wanted: dict[int, int]) -> None:
    assert pictures_of(window, placed, nearest=True) == wanted
    own = {place: placed[frame] for place, frame in enumerate(window) if frame in placed}
    assert pictures_of(window, placed, nearest=False) == own
