"""Name a motion file by its keys and shapes, and nothing else.

`layouts` reads what the file calls its tensors and `structure` what they describe; a `Format` is a set of positive
conditions on that: resolution levels, a mid block, rows of the position tables. Numbers nobody published but that the
original code can run become a *family*, with the rules of its topology. Anything else is refused, by name where
`refusals` knows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .file_kind import MOTION_MODULE, FileKind
from .kinds import MODULE, OTHER_MOTION, kind_of, refusal
from .layouts import DIFFUSERS, HOTSHOT, ORIGINAL, Shapes, spelling
from .picture_layers import LCM_PICTURE, PIA
from .sites import Site
from .structure import MotionFormatError, Structure, read_structure


@dataclass(frozen=True)
class Rows:
    """Lengths of the position tables; None stands for a file that has none."""

    values: frozenset[int | None]
    others: bool = False
    """All lengths but these."""

    def __contains__(self, rows: int | None) -> bool:
        return (rows in self.values) != self.others


def _rows(*values: int | None) -> Rows:
    return Rows(frozenset(values))


def _rows_but(*values: int | None) -> Rows:
    return Rows(frozenset(values), others=True)


@dataclass(frozen=True)
class Format:
    """A kind of motion module and what its authors trained it with."""

    name: str
    base: str
    levels: int
    mid: bool | None
    """Whether the middle block has a module; None if it makes no difference."""
    rows: Rows
    beta_schedule: str
    pool_resnets: bool = False
    """Group norms of the UNet's ResBlocks and output take their statistics over the frames of a clip."""
    pool_motion: bool = False
    """The motion module's own group norm does so too."""
    layouts: frozenset[str] = frozenset({ORIGINAL, HOTSHOT, DIFFUSERS})
    unet: bool | None = None
    """Whether the image UNet is in the file too; None if it makes no difference."""
    picture: str = ""
    """The kind of picture it animates, if its file has layers that read one."""
    rebuilt: int = 0
    """Length of the sinusoidal tables that replace missing ones."""
    trained_frames: int = 16
    advice: str = ""

    def matches(self, structure: Structure) -> bool:
        """Whether this is the format of a file with that structure."""
        return (
            structure.levels == self.levels
            and self.mid in (None, structure.has_mid)
            and structure.positions in self.rows
            and structure.layout in self.layouts
            and self.unet in (None, structure.unet)
            and self.picture == structure.picture
        )

    def named_for(self, structure: Structure) -> "Format":
        """The same format with everything in its name that published files do not have."""
        parts = [self.name]
        if self.rows.others:
            parts.append(f"{structure.positions or self.rebuilt} frames")
        if structure.has_mid and self.mid is None:
            parts.append("with a mid block")
        if structure.attentions != ATTENTIONS:
            parts.append(f"attention layers: {structure.attentions}")
        if structure.up_only:
            parts.append("up blocks only")
        if len(structure.used_levels) != self.levels:
            parts.append("levels " + " ".join(map(str, sorted(structure.used_levels))) + " only")
        return replace(self, name=", ".join(parts))


ATTENTIONS = 2
"""Attention layers in every published motion module."""
SD15, SDXL = "SD1.5", "SDXL"
SQRT_LINEAR, SDXL_LINEAR, LINEAR = (
    "sqrt_linear (AnimateDiff)",
    "linear (AnimateDiff-SDXL)",
    "linear (HotshotXL/default)",
)
LCM, LCM_PICTURES = "lcm sqrt_linear (AnimateLCM)", "lcm sqrt_linear (AnimateLCM-I2V)"
LCM_SETTINGS = "on the image model as well; sampler lcm, scheduler simple, 4 to 8 steps, cfg 1 to 2."
V1 = Format("AnimateDiff v1", SD15, 4, False, _rows(24), SQRT_LINEAR, pool_resnets=True)
V2 = Format(
    "AnimateDiff v2",
    SD15,
    4,
    True,
    _rows(32),
    SQRT_LINEAR,
    advice="AnimateDiff-Lightning is built exactly like v2 and cannot be told apart. For a Lightning file set the "
    "sampler to euler, the scheduler to sgm_uniform, cfg to 1 and the steps to the number in its name.",
)
SDXL_BETA = Format(
    "AnimateDiff SDXL beta",
    SDXL,
    3,
    None,
    _rows(32),
    SDXL_LINEAR,
    pool_motion=True,
    layouts=frozenset({ORIGINAL, DIFFUSERS}),
)
HOTSHOT_XL = Format(
    "HotshotXL",
    SDXL,
    3,
    None,
    _rows(24),
    LINEAR,
    pool_resnets=True,
    rebuilt=24,
    trained_frames=8,
    advice="It was trained on clips of 8 frames and pictures of about 512 x 512 pixels.",
)
UNPUBLISHED = (
    "No published version has this structure; the group norms and the schedule are those of the version it is "
    "closest to. If clips look washed out, try another beta_schedule."
)
RETRAINED = "This is a training result. If it was trained with other betas than AnimateDiff's, set beta_schedule."
FORMATS = (
    V1,
    V2,
    Format(
        "AnimateDiff v3",
        SD15,
        4,
        False,
        _rows(32),
        SQRT_LINEAR,
        advice="Its authors run it with v3_sd15_adapter on the image model: use Apply Domain Adapter. If clips look "
        "like stock footage or show watermarks, lower its strength.",
    ),
    Format("LongAnimateDiff 32", SD15, 4, True, _rows(64), SQRT_LINEAR, trained_frames=32),
    Format("LongAnimateDiff 16-64", SD15, 4, True, _rows(128), SQRT_LINEAR, trained_frames=64),
    Format(
        "AnimateLCM",
        SD15,
        4,
        True,
        _rows(None),
        LCM,
        unet=False,
        rebuilt=64,
        advice=f"Load AnimateLCM_sd15_t2v_lora {LCM_SETTINGS} If this is not AnimateLCM but a training result of "
        "yours, set beta_schedule to sqrt_linear (AnimateDiff).",
    ),
    Format(
        "PIA",
        SD15,
        4,
        False,
        _rows(32),
        SQRT_LINEAR,
        pool_resnets=True,
        picture=PIA,
        advice="It animates the picture from Picture for PIA. Prompt for what is in the picture and how it moves.",
    ),
    Format(
        "AnimateLCM-I2V",
        SD15,
        4,
        True,
        _rows(None),
        LCM_PICTURES,
        picture=LCM_PICTURE,
        rebuilt=64,
        advice="It animates the picture from Picture for AnimateLCM-I2V. Load AnimateLCM_sd15_i2v_lora " + LCM_SETTINGS,
    ),
    SDXL_BETA,
    HOTSHOT_XL,
    # since 2024-07 the training code leaves the tables out; its training.yaml has no mid block, 24 positions and
    # norms over frames (like inference-v1.yaml), inference-v2.yaml adds the mid block, 32 positions, norms per frame
    replace(V1, name="AnimateDiff v1, retrained", rows=_rows(None), rebuilt=24, advice=RETRAINED),
    replace(V2, name="AnimateDiff v2, retrained", rows=_rows(None), unet=True, rebuilt=32, advice=RETRAINED),
    replace(V1, name="AnimateDiff v1 family", rows=_rows_but(24, 32, None), advice=UNPUBLISHED),
    replace(V2, name="AnimateDiff v2 family", rows=_rows_but(32, 64, 128, None), advice=UNPUBLISHED),
    replace(SDXL_BETA, name="AnimateDiff SDXL family", rows=_rows_but(24, 32), rebuilt=32, advice=UNPUBLISHED),
    replace(
        HOTSHOT_XL,
        name="HotshotXL family",
        rows=_rows_but(24),
        layouts=frozenset({HOTSHOT}),
        advice=UNPUBLISHED,
    ),
)
"""Every kind of motion module. Norms and schedules: the authors' inference configurations and code.

diffusers takes the statistics of every motion module over all frames, but its files hold the same weights, trained
with the authors' own rule, which is what counts here.
"""


@dataclass(frozen=True)
class Recognised:
    """A motion file, named: its format, its structure and where each tensor goes."""

    format: Format
    structure: Structure
    keys: Mapping[str, tuple[Site, str]]
    """File key to (site, canonical leaf)."""
    unet: int = 0
    """Tensors of an image UNet in the file, which are not used."""
    picture_keys: Mapping[str, str] = field(default_factory=dict)
    """File key to its name in the layers that read a picture."""
    ignored: tuple[str, ...] = ()
    """Keys of tensors beside the network, which are not used."""
    taken: str = ""
    """What the keys of the network begin with."""
    copies: tuple[str, ...] = ()
    """What the keys of other networks with temporal layers begin with, which are not used either."""

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """What of the file is not used, apart from an image model, as (what, answer) lines."""
        lines = []
        if self.copies:
            where = f"those under {self.taken.rstrip('.')!r}" if self.taken else "those without a prefix"
            others = ", ".join(f"under {copy.rstrip('.')!r}" if copy else "without a prefix" for copy in self.copies)
            lines.append(("taken", f"of {1 + len(self.copies)} sets of temporal layers {where}, not those {others}"))
        if self.ignored:
            count = f"{len(self.ignored)} tensor{'s' * (len(self.ignored) > 1)}"
            lines.append(("ignored", f"{count} beside the motion module, such as {self.ignored[0]}"))
        return tuple(lines)

    @property
    def max_frames(self) -> int:
        """Longest clip the position tables can number."""
        return self.structure.positions or self.format.rebuilt

    def describe(self) -> tuple[tuple[str, str], ...]:
        """What a person may want to know about the file, as (what, answer) lines."""
        format = self.format
        layout = f"{self.structure.layout}, position tables " + (
            "from the file" if self.structure.positions else "rebuilt because the file has none"
        )
        pooled = {"the image model": format.pool_resnets, "the motion module": format.pool_motion}
        lines = [
            ("version", format.name),
            ("image model", format.base),
            ("frames at once", f"up to {self.max_frames}, trained on {format.trained_frames}"),
            ("beta schedule", format.beta_schedule),
            ("norms over all frames", ", ".join(name for name, is_pooled in pooled.items() if is_pooled) or "none"),
            ("file layout", layout),
        ]
        if self.unet:
            lines.append(("not used", f"{self.unet} tensors of an image model; the image comes from your checkpoint"))
        lines += self.left_out
        return (*lines, ("advice", format.advice)) if format.advice else tuple(lines)


def recognise(shapes: Shapes, file: str) -> Recognised:
    """Name the motion format of a file.

    Args:
        shapes: shape of every tensor in the file.
        file: its name, for messages only; it plays no part in recognition.

    Raises:
        MotionFormatError: the file is something else, incomplete, or of a structure no image model has room for.
    """
    read = spelling(shapes)
    kind = kind_of(shapes)
    if not read.keys or read.unexplained or (kind is not None and kind.id in OTHER_MOTION):
        raise MotionFormatError(refusal(shapes, file, read.unexplained))
    structure = read_structure(read, shapes, file)
    formats = [format for format in FORMATS if format.matches(structure)]
    if not formats and structure.picture:
        raise MotionFormatError(
            f"{file} reads a picture like {structure.picture}, but its temporal layers are others than those of the "
            f"published {structure.picture}. Please report the file and where it comes from."
        )
    if len(formats) != 1:
        raise MotionFormatError(
            f"{file} is laid out like a motion module, but for an image model with {structure.levels} resolution "
            "levels; SD1.5 has 4 and SDXL 3. Please report the file and where it comes from."
        )
    return Recognised(
        formats[0].named_for(structure),
        structure,
        read.keys,
        read.unet,
        read.picture_keys,
        read.ignored,
        read.prefix,
        read.copies,
    )


def kind_and_place(shapes: Shapes, file: str) -> FileKind | None:
    """What a file is and what to do with it, for a node that wants no motion module; None if nobody knows.

    Args:
        shapes: shape of every tensor in the file.
        file: its name; it plays no part.
    """
    try:
        name = recognise(shapes, file).format.name
    except MotionFormatError:
        kind = kind_of(shapes)
        return kind and replace(kind, advice=kind.advice.removesuffix(MOTION_MODULE).strip())
    place = "Put it in models/animatediff_models and load it with Load Motion Module."
    return FileKind(MODULE, f"a motion module ({name})", place)
