"""Attach everything that moves a character to a denoising UNet."""

from collections.abc import Sequence

from comfy.model_patcher import ModelPatcher

from ....motion.character import CharacterError, Release
from ....motion.windows import WindowOptions
from ..character import AnimateAnyone, Guide, ReferencePicture, References, check_guide_fits, check_reference_fits
from ..options import ATTACHED
from ..sampling import set_zero_terminal
from ..temporal import Companion, LoadedMotion, Strengths
from ..windows import Stage, slide
from .animate import animate_model


def animate_character(
    model: ModelPatcher | None,
    parts: AnimateAnyone,
    motion: LoadedMotion | None = None,
    pictures: Sequence[ReferencePicture] = (),
    guides: Sequence[Guide] = (),
    loras: Sequence[Companion] = (),
    sampling: bool = True,
    windows: bool = True,
) -> ModelPatcher:
    """A clone of the model that moves a character; the given model stays as it is.

    Args:
        motion: in place of the release's own.
        sampling: whether to set the noise schedule of the release.
        windows: whether to sample longer clips in the windows of the release.

    Raises:
        CharacterError: a part is missing, or does not fit the model.
        AnimateError: the motion module was made for another base model.
    """
    motion = motion or parts.motion
    if model is None:
        raise CharacterError(
            "Animate Character got no model. Choose the denoising UNet in Load Animate Anyone and connect its model "
            "output, or the model of an SD1.5 checkpoint."
        )
    if motion is None:
        raise CharacterError(
            "Animate Character has no motion module, without which every frame would be a picture of its own. Choose "
            "motion_module in Load Animate Anyone, or connect Load Motion Module to motion_model."
        )
    if pictures and any(
        isinstance(mate, References) for each in model.get_attachment(ATTACHED) or () for mate in each.companions
    ):
        raise CharacterError(
            "This model has been through an Animate Character with a reference picture already. Take one of the two "
            "out; to have several pictures or characters in a clip, chain Reference Picture nodes."
        )
    check_parts(model, pictures, guides)
    told = [settings(parts.release, sampling, windows), *gaps(model, parts, pictures, guides, sampling)]
    companions = [*([References(tuple(pictures))] if pictures else []), *guides, *loras]
    animated = animate_model(model, motion, Strengths(), "use existing", companions, "\n".join(told))
    if sampling:
        set_zero_terminal(animated, parts.release.beta_schedule)
    return slide(animated, Stage(release_windows(parts.release))) if windows else animated


def check_parts(model: ModelPatcher, pictures: Sequence[ReferencePicture], guides: Sequence[Guide]) -> None:
    """Stop on parts that do not fit the model or one another.

    Raises:
        CharacterError: one does not.
    """
    unet = model.get_model_object("diffusion_model")
    for picture in pictures:
        check_reference_fits(unet, picture)
    for guide in guides:
        check_guide_fits(unet, guide)
    nets = {picture.net for picture in pictures}
    if len(nets) > 1:
        files = " and ".join(sorted(net.file for net in nets))
        raise CharacterError(f"{files} read the reference pictures. Use one Load Animate Anyone for all of them.")


def gaps(
    model: ModelPatcher,
    parts: AnimateAnyone,
    pictures: Sequence[ReferencePicture],
    guides: Sequence[Guide],
    sampling: bool,
) -> list[str]:
    """What to say of parts that are left out or replaced."""
    replaced = parts.denoiser is None or model.model is not parts.denoiser.model
    said = {
        "This is not the model of Load Animate Anyone. For a checkpoint set sampling to use existing.": (
            replaced and sampling
        ),
        "No ReferenceNet looks at a picture: the embedding alone says who it is.": not pictures,
        "No guide is connected: nothing says how the character moves.": not guides,
    }
    return [text for text, holds in said.items() if holds]


def settings(release: Release, sampling: bool, windows: bool) -> str:
    """What a release sets, in a line."""
    schedule = f"{release.beta_schedule.split()[0]}, zero SNR" if sampling else "schedule of the model"
    loop = "loop" if release.closed_loop else "no loop"
    cut = f"windows of {release.window}, overlap {release.overlap}, {loop}" if windows else "no windows"
    return f"{release.title}: {schedule}; {cut}."


def release_windows(release: Release) -> WindowOptions:
    """The windows of a release: the same at every step, averaged plainly."""
    schedule = "looped_static" if release.closed_loop else "standard_static"
    return WindowOptions(schedule, release.window, release.overlap, closed_loop=release.closed_loop, fuse="flat")
