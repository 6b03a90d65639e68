"""A prompt to put values into, and what its nodes declare."""

from typing import Any

from kinema.motion.jobs import declared_inputs

PROMPT: dict[str, dict[str, Any]] = {
    "4": {"class_type": "Load", "inputs": {"ckpt_name": "a.safetensors"}, "_meta": {"title": "Load Checkpoint"}},
    "6": {"class_type": "Encode", "inputs": {"text": "a boat", "clip": ["4", 1]}, "_meta": {"title": "Prompt"}},
    "7": {"class_type": "Encode", "inputs": {"text": "", "clip": ["4", 1]}, "_meta": {"title": "Not this"}},
    "9:3": {
        "class_type": "KSampler",
        "inputs": {"seed": 1, "cfg": 8, "model": ["4", 0], "steps": ["12", 0], "sampler_name": "euler"},
        "_meta": {"title": "KSampler"},
    },
    "10": {"class_type": "Save", "inputs": {"images": ["9:3", 0], "format": "mp4", "format.crf": 19}},
    "11": {"class_type": "Unknown", "inputs": {"amount": 2, "is_on": True}, "_meta": {"title": "v1.5 Thing"}},
    "12": {"class_type": "Value", "inputs": {"value": 20}, "_meta": {"title": "Twin"}},
    "13": {"class_type": "Other", "inputs": {"value": 20}, "_meta": {"title": "Twin"}},
}
DECLARED = declared_inputs(
    {
        "Load": {"input": {"required": {"ckpt_name": [["a.safetensors", "b.safetensors"], {}]}}},
        "Encode": {"input": {"required": {"text": ["STRING", {}], "clip": ["CLIP"]}}},
        "KSampler": {
            "input": {
                "required": {
                    "seed": ["INT", {"max": 1 << 64}],
                    "cfg": ["FLOAT", {}],
                    "steps": ["INT", {}],
                    "model": ["MODEL"],
                    "sampler_name": ["COMBO", {"options": ["euler", "lcm"]}],
                },
                "optional": {"denoise": ["FLOAT", {}], "is_quiet": ["BOOLEAN"], "mask": ["MASK"]},
            }
        },
        "Save": {"input": {"required": {"images": ["IMAGE"], "format": ["COMFY_DYNAMICCOMBO_V3", {}]}}},
        "Value": {"input": {"required": {"value": ["INT"]}}},
        "Broken": {"input": None},
    }
)
