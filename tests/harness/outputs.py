"""What every template of a checkout makes with seeded weights, as one hash of its frames each.

Run with the checkout on PYTHONPATH: outputs.py COMFYUI_FOLDER MODELS_FOLDER... It prints a JSON object.
"""

import hashlib
import json
import sys
from pathlib import Path

import av
import numpy as np

from tests.harness import client, templates
from tests.harness.pack import load_pack
from tests.harness.server import Server
from tests.harness.setup import Host

SAVING = ("KinemaCombineVideo", "KinemaDecodeAndSaveVideo", "KinemaSavePieces")


def frames_of(file: Path) -> str:
    """The hash of all frames of a lossless video."""
    digest = hashlib.sha256()
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            digest.update(np.ascontiguousarray(frame.to_ndarray(format="rgb24")).data)
    return digest.hexdigest()


def main(comfyui: str, *models: str) -> dict[str, str]:
    """Run every template on a real server."""
    load_pack()
    from tests.harness.footage import write_footage

    made: dict[str, str] = {}
    host = Host(Path(comfyui), Path(sys.executable), is_users=False)
    with Server(host, [Path(folder) for folder in models], ["--cpu"]) as server:
        write_footage(server.base / "input")
        nodes = client.get_json(server.url, "/object_info")
        for template in templates.template_paths():
            name = templates.short_name(template)
            prompt = templates.to_api(template, nodes)
            templates.use_seeded_weights(prompt, 64, 2, templates.frames(name))
            for saving in SAVING:
                templates.set_inputs(prompt, saving, format="ffv1-mov")
            outcome = client.run_prompt(server.url, prompt)
            if outcome.status != "success":
                made[name] = outcome.message
                continue
            saved = max(server.output.rglob("*.mov"), key=lambda path: path.stat().st_mtime_ns)
            made[name] = frames_of(saved)
            print(name, made[name][:16], file=sys.stderr, flush=True)
    return made


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
