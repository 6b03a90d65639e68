"""Sound to Motion Value."""

from typing import Any

from comfy_api.latest import io

from ...motion.sound import (
    FOLLOWED,
    OWN_RANGE,
    SCALINGS,
    Band,
    Recording,
    Response,
    Scaling,
    SoundError,
    Wanted,
)
from ...motion.sound import follow as sound_followed
from ...motion.values import LARGEST, MotionValue, listed
from ..host.notices import notice
from ..inputs import FRAME_RATE, MOST_FRAMES, MotionValueType, frame_rate_input, frames_input

HIGHEST = 96_000.0
"""Hz; half of the highest sample rate in use."""


class SoundToMotionValue(io.ComfyNode):
    """A sound in, one number for each frame out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        strength = {"min": -LARGEST, "max": LARGEST, "step": 0.01, "optional": True}
        return io.Schema(
            node_id="KinemaSoundToMotionValue",
            display_name="Sound to Motion Value",
            category="Kinema/values",
            description="Follows a sound: its loudness, a part of its frequencies, what begins in it, or its beats. "
            "Connect it to motion_scale, effect_strength or another strength, or to pw_a of Prompt Travel.",
            search_aliases=[
                *("audio reactive", "audio to float", "audio amplitude", "beat detection", "audioscheduler"),
                *("audio envelope", "onset", "music", "loudness", "amplitude to weights"),
            ],
            inputs=[
                io.Audio.Input("audio", tooltip="The sound, from Load Audio or Video Frames. The clip begins with it."),
                io.Combo.Input(
                    "follow",
                    options=list(FOLLOWED),
                    default=FOLLOWED[0],
                    optional=True,
                    tooltip="loudness of everything; low (20 to 250 Hz: bass, drums), mid (to 4000 Hz: voices) or high "
                    "(above); band: from_hz to to_hz; onsets: whatever begins, a drum or a note; beats: where one "
                    "taps along.",
                ),
                frame_rate_input("Frames per second of the clip, the same as in Combine Video."),
                frames_input("Frames of the clip. 0: as many as the sound has.", default=0, least=0),
                io.Float.Input("low", default=0.0, **strength, tooltip="The value where nothing is heard."),
                io.Float.Input("high", default=1.0, **strength, tooltip="The value where it is strongest."),
                io.Float.Input(
                    "attack",
                    default=0.0,
                    min=0.0,
                    max=60.0,
                    step=0.01,
                    optional=True,
                    tooltip="Seconds in which the value has risen by two thirds. 0 jumps.",
                ),
                io.Float.Input(
                    "release",
                    default=0.25,
                    min=0.0,
                    max=60.0,
                    step=0.01,
                    optional=True,
                    tooltip="Seconds in which the value has fallen by two thirds. 0 jumps.",
                ),
                io.Float.Input(
                    "gain",
                    default=1.0,
                    min=0.0,
                    max=100.0,
                    step=0.01,
                    optional=True,
                    tooltip="More reaches high more often; less stays nearer to low.",
                ),
                io.Float.Input(
                    "curve",
                    default=1.0,
                    min=0.1,
                    max=10.0,
                    step=0.01,
                    optional=True,
                    tooltip="Above 1 only what is strong counts, below 1 what is weak counts more.",
                ),
                io.Combo.Input(
                    "scaling",
                    options=list(SCALINGS),
                    default=OWN_RANGE,
                    advanced=True,
                    optional=True,
                    tooltip="own_range: low and high are the quietest and the loudest frame of the clip. decibels: "
                    "they are quiet_db and loud_db, whatever the sound.",
                ),
                _decibels("quiet_db", -60.0, "With decibels, the level that gives low; full scale is 0."),
                _decibels("loud_db", -10.0, "With decibels, the level that gives high."),
                _hertz("from_hz", 20.0, "With band, its lowest frequency."),
                _hertz("to_hz", 250.0, "With band, its highest frequency."),
            ],
            outputs=[
                MotionValueType.Output(
                    "motion_value",
                    display_name="motion_value",
                    tooltip="For motion_scale, effect_strength, any strength, or pw_a of Prompt Travel.",
                ),
                io.Int.Output("count", display_name="frames", tooltip="Frames of the clip, for the batch size."),
            ],
        )

    @classmethod
    def validate_inputs(
        cls,
        quiet_db: float | None = -60.0,
        loud_db: float | None = -10.0,
        from_hz: float | None = 20.0,
        to_hz: float | None = 250.0,
    ) -> bool | str:
        """Answer ranges that hold nothing before anything runs."""
        return _ranges_problem(quiet_db, loud_db, from_hz, to_hz) or True

    @classmethod
    def execute(
        cls,
        audio: Any,
        follow: str = FOLLOWED[0],
        frame_rate: float = FRAME_RATE,
        frames: int = 0,
        low: float = 0.0,
        high: float = 1.0,
        attack: float = 0.0,
        release: float = 0.25,
        gain: float = 1.0,
        curve: float = 1.0,
        scaling: str = OWN_RANGE,
        quiet_db: float = -60.0,
        loud_db: float = -10.0,
        from_hz: float = 20.0,
        to_hz: float = 250.0,
    ) -> io.NodeOutput:
        """Measure the sound and tell what is unusual about it."""
        problem = _ranges_problem(quiet_db, loud_db, from_hz, to_hz)
        if problem is not None:
            raise SoundError(problem)
        told: list[str] = []
        sound = _recording(audio, told)
        count = frames or sound.frames(frame_rate)
        if count > MOST_FRAMES:
            raise SoundError(f"The sound has {count} frames; a clip may have {MOST_FRAMES}. Set frames, or trim it.")
        wanted = Wanted(
            follow,
            Band(from_hz, to_hz),
            Scaling(scaling, quiet_db, loud_db),
            attack,
            release,
            Response(low, high, gain, curve),
        )
        followed = sound_followed(sound, count, frame_rate, wanted)
        told += followed.told
        if told:
            notice(" ".join(told))
        return io.NodeOutput(MotionValue(curves=(listed(followed.values),)), count)


def _recording(audio: Any, told: list[str]) -> Recording:
    """The first sound of a batch of the host, (batch, channels, samples)."""
    if audio is None:
        raise SoundError("There is no sound: perhaps the video has none. Connect another one.")
    waveform, rate = audio.get("waveform"), int(audio.get("sample_rate") or 0)
    if waveform is None or waveform.ndim != 3 or 0 in waveform.shape:
        raise SoundError("The sound is empty: it has no samples or no sample rate. Connect another one.")
    if waveform.shape[0] > 1:
        told.append(f"The first of {waveform.shape[0]} sounds is used.")
    return Recording.checked(waveform[0], rate)


def _ranges_problem(quiet: float | None, loud: float | None, lowest: float | None, highest: float | None) -> str | None:
    """What is wrong with the ranges; before a run the host gives None for what is connected."""
    for lower, low, upper, high in (("quiet_db", quiet, "loud_db", loud), ("from_hz", lowest, "to_hz", highest)):
        if low is not None and high is not None and low >= high:
            return f"{lower} ({low:g}) must be below {upper} ({high:g})."
    return None


def _decibels(name: str, default: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(
        name, default=default, min=-120.0, max=20.0, step=1.0, advanced=True, optional=True, tooltip=tooltip
    )


def _hertz(name: str, default: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(
        name, default=default, min=0.0, max=HIGHEST, step=10.0, advanced=True, optional=True, tooltip=tooltip
    )
