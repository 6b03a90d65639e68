"""Which file a workflow means."""

import pytest
from kinema.motion.migration import Found, Question, find_model

FILES = [
    "mm_sd_v15_v2.safetensors",
    "SDXL/a.safetensors",
    "v3_sd15_mm.ckpt",
    "one/b.ckpt",
    "two/b.ckpt",
    "mm_sd_v15.ckpt",
    "depth/diffusion_pytorch_model.safetensors",
]


@pytest.mark.parametrize(
    ("wanted", "found", "how"),
    [
        ("v3_sd15_mm.ckpt", "v3_sd15_mm.ckpt", "same"),
        ("SDXL\\a.safetensors", "SDXL/a.safetensors", "same"),
        ("sdxl/A.safetensors", "SDXL/a.safetensors", "same"),
        ("a.safetensors", "SDXL/a.safetensors", "folder"),
        ("other\\v3_sd15_mm.ckpt", "v3_sd15_mm.ckpt", "folder"),
        ("mm_sd_v15_v2.ckpt", "mm_sd_v15_v2.safetensors", "extension"),
        ("motion/mm_sd_v15_v2.pth", "mm_sd_v15_v2.safetensors", "extension"),
        ("depth\\Diffusion_pytorch_model.bin", "depth/diffusion_pytorch_model.safetensors", "extension"),
        ("animatediffMotion_v15V2.ckpt", "mm_sd_v15_v2.safetensors", "renamed"),
    ],
)
def test_the_one_that_is_meant(wanted: str, found: str, how: str) -> None:
    assert find_model(wanted, FILES) == Found(found, how)


@pytest.mark.parametrize(
    ("wanted", "candidates"),
    [
        ("b.ckpt", ("one/b.ckpt", "two/b.ckpt")),
        ("b.safetensors", ("one/b.ckpt", "two/b.ckpt")),
        ("mm_sd_v15_v2.fp16.ckpt", ("mm_sd_v15_v2.safetensors", "mm_sd_v15.ckpt")),
        ("quite another.ckpt", ()),
        ("canny/diffusion_pytorch_model.safetensors", ("depth/diffusion_pytorch_model.safetensors",)),
        ("diffusion_pytorch_model.safetensors", ("depth/diffusion_pytorch_model.safetensors",)),
        ("m" * 5000, ()),
        ("", ()),
    ],
)
def test_a_question_otherwise(wanted: str, candidates: tuple[str, ...]) -> None:
    answer = find_model(wanted, FILES)
    assert isinstance(answer, Question)
    assert answer.candidates == candidates
    assert answer.text
