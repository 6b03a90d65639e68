"""Nodes of other packs that do several things at once, or stack LoRAs: taken apart into the host's nodes."""

from collections.abc import Sequence

from .records import Link, UnsupportedError, Value, is_number
from .rules import Builder, Old, Rule
from .scripts import AGAIN, ANIMATE, SCRIPTS, animated, sampled_again, saved, scripts_of

RGTHREE, EFFICIENCY, IMPACT, COMFYROLL, WAS = "rgthree", "Efficiency Nodes", "Impact Pack", "Comfyroll", "WAS Suite"
PIPE = ("model", "clip", "vae", "positive", "negative")
PIPES = ("ToBasicPipe", "EditBasicPipe")
STACKS = ("CR LoRA Stack", "LoRA Stacker")
NO_FILE = ("None", "none", "")


def load_lora(old: Old, new: Builder) -> Sequence[Value | None]:
    """A LoRA on model and text encoder."""
    if old.get("switch", "On") == "Off" or old.get("lora_name", "None") in NO_FILE:
        return [old.need("model"), old.need("clip")]
    names = ("model", "clip", "lora_name", "strength_model", "strength_clip")
    made = new.node("LoraLoader", old, **{name: old[name] for name in names})
    return [made[0], made[1]]


def apply_stack(old: Old, new: Builder) -> Sequence[Value | None]:
    """A stack of LoRAs, one loader for each."""
    model, clip = _stacked(old, new, old.need("model"), old.need("clip"))
    return [model, clip]


def _stacked(old: Old, new: Builder, model: Value, clip: Value) -> tuple[Value, Value]:
    for stack in old.chain("lora_stack", "lora_stack", *STACKS):
        for name, strengths in _loras(stack, new):
            made = new.node(
                "LoraLoader",
                stack,
                model=model,
                clip=clip,
                lora_name=name,
                strength_model=strengths[0],
                strength_clip=strengths[1],
            )
            model, clip = made[0], made[1]
    return model, clip


def _loras(stack: Old, new: Builder) -> list[tuple[Value, tuple[Value, Value]]]:
    found: list[tuple[Value, tuple[Value, Value]]] = []
    if stack.node.type == "CR LoRA Stack":
        for n in (1, 2, 3):
            on = stack.get(f"switch_{n}", "Off") != "Off"
            strengths = (stack.get(f"model_weight_{n}", 1.0), stack.get(f"clip_weight_{n}", 1.0))
            if on and stack.get(f"lora_name_{n}", "None") not in NO_FILE:
                found.append((stack.get(f"lora_name_{n}", ""), strengths))
        return found
    simple = stack.get("input_mode", "simple") == "simple"
    number = stack.known("lora_count", 0)
    for n in range(1, min(int(number) if is_number(number) else 0, 49) + 1):
        weight = stack.get(f"lora_wt_{n}", 1.0)
        pair = (weight, weight) if simple else (stack.get(f"model_str_{n}", 1.0), stack.get(f"clip_str_{n}", 1.0))
        if stack.get(f"lora_name_{n}", "None") not in NO_FILE:
            found.append((stack.get(f"lora_name_{n}", ""), pair))
    return found


def lora_list(old: Old, new: Builder) -> Sequence[Value | None]:
    """Up to four LoRAs in one node."""
    model, clip = old.need("model"), old.need("clip")
    for n in range(1, 5):
        name, strength = old.get(f"lora_{n:02}", "None"), old.get(f"strength_{n:02}", 1.0)
        if name not in NO_FILE and strength != 0:
            made = new.node(
                "LoraLoader",
                old,
                model=model,
                clip=clip,
                lora_name=name,
                strength_model=strength,
                strength_clip=strength,
            )
            model, clip = made[0], made[1]
    return [model, clip]


def efficient_loader(old: Old, new: Builder) -> Sequence[Value | None]:
    """Checkpoint, VAE, LoRAs, prompts and empty latent in one."""
    if old.linked("cnet_stack"):
        raise UnsupportedError("cnet_stack: put Apply ControlNet behind the prompts")
    loaded = new.node("CheckpointLoaderSimple", old, main=True, ckpt_name=old.need("ckpt_name"))
    model, clip, vae = loaded[0], loaded[1], loaded[2]
    if old.get("vae_name", "Baked VAE") != "Baked VAE":
        vae = new.node("VAELoader", old, vae_name=old["vae_name"])[0]
    if old.get("lora_name", "None") not in NO_FILE:
        lora = new.node(
            "LoraLoader",
            old,
            model=model,
            clip=clip,
            lora_name=old["lora_name"],
            strength_model=old.get("lora_model_strength", 1.0),
            strength_clip=old.get("lora_clip_strength", 1.0),
        )
        model, clip = lora[0], lora[1]
    model, clip = _stacked(old, new, model, clip)
    if old.get("clip_skip", -1) != -1:
        clip = new.node("CLIPSetLastLayer", old, clip=clip, stop_at_clip_layer=old.get("clip_skip", -1))[0]
    if (old.get("token_normalization", "none"), old.get("weight_interpretation", "comfy")) != ("none", "comfy"):
        new.note("token_normalization and weight_interpretation are left out: prompts are weighted as ComfyUI does.")
    positive = new.node("CLIPTextEncode", old, text=old.get("positive", ""), clip=clip)
    negative = new.node("CLIPTextEncode", old, text=old.get("negative", ""), clip=clip)
    latent = new.node(
        "EmptyLatentImage",
        old,
        width=old.get("empty_latent_width", 512),
        height=old.get("empty_latent_height", 512),
        batch_size=old.get("batch_size", 1),
    )
    return [model, positive[0], negative[0], latent[0], vae, clip, None]


def efficient_sampler(old: Old, new: Builder) -> Sequence[Value | None]:
    """Sample, and decode if a VAE is there; the other outputs are what went in."""
    scripts = scripts_of(old)
    advanced = old.node.type == "KSampler Adv. (Efficient)"
    shared = ("steps", "cfg", "sampler_name", "scheduler", "positive", "negative", "latent_image", "model")
    own = (
        ("add_noise", "noise_seed", "start_at_step", "end_at_step", "return_with_leftover_noise")
        if advanced
        else ("seed", "denoise")
    )
    values = {name: old[name] for name in (*shared, *own)}
    animate = [script for script in scripts if script.node.type == ANIMATE]
    for script in animate:
        values["model"] = animated(script, new, values["model"])
    made: Value = new.node("KSamplerAdvanced" if advanced else "KSampler", old, main=True, **values)[0]
    for script in scripts:
        if script.node.type == AGAIN:
            made = sampled_again(script, new, old, values["model"], made)
    vae = old["optional_vae"]
    image: Value | None = None
    if isinstance(vae, Link) and (animate or old.graph.reads(old.node.id, (5,))):
        image = new.node("VAEDecode", old, samples=made, vae=vae)[0]
        for script in animate:
            saved(script, new, image)
    passed = [old[name] if old.linked(name) else None for name in ("model", "positive", "negative")]
    return [*passed, made, vae if isinstance(vae, Link) else None, image]


def from_pipe(old: Old, new: Builder) -> Sequence[Value | None]:
    """What went into a pipe."""
    values = dict.fromkeys(PIPE)
    seen: set[object] = set()
    at = old.upstream("basic_pipe")
    while at is not None and at.node.id not in seen:
        seen.add(at.node.id)
        for name in PIPE:
            if values[name] is None and at.linked(name):
                values[name] = at[name]
        if at.node.type not in (*PIPES, "FromBasicPipe_v2"):
            raise UnsupportedError(f"the pipe comes from {at.node.type}, which is not known here")
        new.absorb(at.node.id)
        at = at.upstream("basic_pipe") if at.node.type != "ToBasicPipe" else None
    found = [values[name] for name in PIPE]
    if old.node.type == "FromBasicPipe_v2":
        return [old["basic_pipe"], *found]
    return found


RULES = (
    Rule("Load Lora", WAS, ("LoraLoader",), load_lora),
    Rule("CR Load LoRA", COMFYROLL, ("LoraLoader",), load_lora),
    Rule("CR LoRA Stack", COMFYROLL, ("LoraLoader",), None),
    Rule("CR Apply LoRA Stack", COMFYROLL, ("LoraLoader",), apply_stack),
    Rule("LoRA Stacker", EFFICIENCY, ("LoraLoader",), None),
    Rule("Lora Loader Stack (rgthree)", RGTHREE, ("LoraLoader",), lora_list),
    Rule(
        "Efficient Loader",
        EFFICIENCY,
        ("CheckpointLoaderSimple", "VAELoader", "LoraLoader", "CLIPSetLastLayer", "CLIPTextEncode", "EmptyLatentImage"),
        efficient_loader,
    ),
    *(
        Rule(id, EFFICIENCY, (target, "VAEDecode"), efficient_sampler)
        for id, target in (("KSampler (Efficient)", "KSampler"), ("KSampler Adv. (Efficient)", "KSamplerAdvanced"))
    ),
    Rule(SCRIPTS[0], EFFICIENCY, ("KinemaAnimateModel", "KinemaSlidingContext", "KinemaCombineVideo"), None),
    Rule(SCRIPTS[1], EFFICIENCY, ("LatentUpscaleBy", "KSampler"), None),
    *(Rule(id, IMPACT, (), None) for id in PIPES),
    *(Rule(id, IMPACT, (), from_pipe) for id in ("FromBasicPipe", "FromBasicPipe_v2")),
)
