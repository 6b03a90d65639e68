"""Set up, try and test Kinema with one command each. Needs Python 3.11+ and pip, nothing else.

python dev.py demo              make a video with seeded random weights, or with your own models
python dev.py test [PYTEST...]  run every check and test
python dev.py bench             time and memory of a step, with and without a motion module
python dev.py cluster N         start N workers for Distribute Windows on this machine
python dev.py api TEMPLATE      print a workflow template in API format
python dev.py sheet TEMPLATE    run a template with seeded random weights and draw its picture
python dev.py arrange           lay templates out so that no node covers another
python dev.py same REVISION     compare what all templates make here and at another commit, bit by bit
python dev.py batch JOBS.csv    run a workflow for every row of a table, on one ComfyUI or several
python dev.py rooms             draw who imports whom into CONTRIBUTING.md
python dev.py migrate FILE...   rewrite workflows made for AnimateDiff-Evolved, VideoHelperSuite and others
python dev.py mapping           write the tables of other packs' nodes into README.md and MIGRATION.md
python dev.py targets           write what the migration knows of the host's nodes
python dev.py shared FOLDER     migrate a folder of shared workflows and run those that can run, with seeded weights
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from motion.jobs import command as batch
from motion.migration import command as migration
from tests.harness.server import Server
from tests.harness.setup import ROOT, Host, SetupError, cache_folder, ensure_host, ensure_tools, once, run

INSIDE = "KINEMA_INSIDE"
RUNNING = "http://127.0.0.1:8188"
"""Where ComfyUI listens unless it is told otherwise."""


def main() -> int:
    """Parse the command line and run the command."""
    try:
        return _dispatched(_parsed())
    except _NeedsTools:
        return _again_inside(ensure_tools())
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    demo_parser = commands.add_parser("demo", help="make a video")
    demo_parser.add_argument("--comfyui", metavar="DIR", help="your own ComfyUI; nothing is downloaded")
    demo_parser.add_argument("--checkpoint", metavar="FILE", help="an SD1.5 checkpoint instead of seeded weights")
    demo_parser.add_argument("--motion-module", metavar="FILE", help="a motion module instead of seeded weights")
    demo_parser.add_argument("--prompt", help="what to show")
    demo_parser.add_argument("--frames", type=int, default=16)
    demo_parser.add_argument("--size", type=int, help="width and height in pixels (512, or 128 with seeded weights)")
    demo_parser.add_argument("--steps", type=int, help="sampling steps (25, or 4 with seeded weights)")
    demo_parser.add_argument("--output", type=Path, default=Path("demo"), help="folder for the video (./demo)")
    test_parser = commands.add_parser("test", help="run every check and test")
    test_parser.add_argument("pytest", nargs="*", help="arguments for pytest, for example tests/bare -k video")
    bench_parser = commands.add_parser("bench", help="print the benchmark table", add_help=False)
    bench_parser.set_defaults(benchmark=[])
    cluster_parser = commands.add_parser("cluster", help="start workers for Distribute Windows on this machine")
    cluster_parser.add_argument("workers", type=int, metavar="N", help="how many")
    api_parser = commands.add_parser("api", help="print a template in API format")
    api_parser.add_argument("template", help="a name in workflows/ or a path")
    api_parser.add_argument(
        "--server", default=os.environ.get("KINEMA_SERVER", RUNNING), help=f"a running ComfyUI to ask ({RUNNING})"
    )
    same_parser = commands.add_parser("same", help="compare the frames of all templates with those of another commit")
    same_parser.add_argument("revision", help="a commit, branch or tag")
    commands.add_parser("rooms", help="draw who imports whom into CONTRIBUTING.md")
    sheet_parser = commands.add_parser("sheet", help="draw a template's frames as one picture")
    sheet_parser.add_argument("template", help="a name in workflows/")
    sheet_parser.add_argument("--output", type=Path, help="the picture (beside the template)")
    batch.add_arguments(commands.add_parser("batch", help="run a workflow for every row of a table"))
    migration.add_arguments(commands.add_parser("migrate", help="rewrite workflows made for other packs"))
    commands.add_parser("targets", help="write motion/migration/targets.json from the host's list of nodes")
    commands.add_parser("mapping", help="write the tables of other packs' nodes into README.md and MIGRATION.md")
    shared_parser = commands.add_parser("shared", help="migrate and run a folder of shared workflows")
    shared_parser.add_argument("folder", type=Path, help="workflows, and pictures and videos that carry some")
    shared_parser.add_argument(
        "--results", type=Path, default=Path("shared.jsonl"), help="what has run already, and does not run again"
    )
    arrange_parser = commands.add_parser("arrange", help="lay templates out from measured sizes")
    arrange_parser.add_argument("template", nargs="*", help="names in workflows/; all of them if there is none")
    options, unknown = parser.parse_known_args()
    if options.command == "test":
        options.pytest += unknown
    elif options.command == "bench":
        options.benchmark = unknown
    elif unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options


def _dispatched(options: argparse.Namespace) -> int:
    """Run a command, in the environment that it needs."""
    if options.command in WITHOUT_HOST:
        return WITHOUT_HOST[options.command]()
    if options.command == "migrate":
        return migration.run(options)
    if options.command == "batch":
        return batch.run(options, _converted)
    if options.command == "api" and (nodes := _running_nodes(options.server)):
        return api_of_running(nodes, options)
    host = ensure_host(getattr(options, "comfyui", None))
    if os.environ.get(INSIDE) != str(host.python):
        return _again_inside(host.python)
    return COMMANDS[options.command](host, options)


def demo(host: Host, options: argparse.Namespace) -> int:
    """Queue the text-to-video template on a real server and print the path of the video."""
    from tests.harness.demo import make_clip

    if (options.checkpoint is None) != (options.motion_module is None):
        raise SetupError("Give both --checkpoint and --motion-module, or neither: seeded weights fit only each other.")
    seeded = seeded_models(host) if options.checkpoint is None else None
    return make_clip(host, seeded, device_options(host), options)


def test(host: Host, options: argparse.Namespace) -> int:
    """Lint, type-check, then every test layer against the real server and browser."""
    from tests.harness.browser import ensure_browser
    from tests.harness.suite import run_suite

    environment = os.environ | {
        "KINEMA_COMFYUI_FOLDER": str(host.folder),
        "KINEMA_MODELS": str(seeded_models(host)),
        "KINEMA_MODELS_XL": str(seeded_xl_models(host)),
        "KINEMA_BROWSER": ensure_browser(),
    }
    checks = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["pyright", "--pythonpath", sys.executable],
    ]
    for check in [["pytest", *options.pytest]] if options.pytest else checks:
        print(f"[test] {' '.join(check)}", flush=True)
        code = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, env=environment).returncode
        if code != 0:
            return code
    return 0 if options.pytest else run_suite(environment)


def bench(host: Host, options: argparse.Namespace) -> int:
    """Run the benchmarks in a process that has ComfyUI on its path."""
    environment = os.environ | {"KINEMA_COMFYUI_FOLDER": str(host.folder)}
    if {"pieces", "scale"} & set(options.benchmark):
        environment["KINEMA_MODELS"] = str(seeded_models(host))
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *options.benchmark], cwd=ROOT, env=environment
    ).returncode


def cluster(host: Host, options: argparse.Namespace) -> int:
    """Start a Ray cluster whose workers have this pack and seeded weights, until it is stopped."""
    from tests.harness.cluster import Cluster

    models = [seeded_models(host), *([host.folder / "models"] if host.is_users else [])]
    with Cluster(host, options.workers, models, device_options(host)) as running:
        print(f"Write {running.address} into the address of Distribute Windows. Stop it with Ctrl-C.", flush=True)
        running.wait()
    return 1


def same(host: Host, options: argparse.Namespace) -> int:
    """Print which templates make other frames than at another commit; their number is the exit status."""
    from tests.harness.same import compared

    return compared(host, options.revision, [seeded_models(host), seeded_xl_models(host)])


def draw_rooms() -> int:
    """Bring the drawing in CONTRIBUTING.md up to date."""
    from tests.harness.rooms import drawn

    file = ROOT / "CONTRIBUTING.md"
    file.write_text(drawn(file.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def write_mapping() -> int:
    """Bring the tables of other packs' nodes up to date."""
    from tests.harness.pack import load_pack

    load_pack()
    from tests.harness.mapping import write_texts

    write_texts()
    return 0


def api_of_running(nodes: dict[str, object], options: argparse.Namespace) -> int:
    """The same as `api`, from what a running ComfyUI says of its nodes; no second one is set up."""
    print(json.dumps(_converted(options.template, nodes), indent=2))
    return 0


def _converted(template: str, nodes: Mapping[str, object]) -> object:
    """A template or a saved workflow as a prompt."""
    if os.environ.get(INSIDE) != str(ensure_tools()):
        raise _NeedsTools
    from tests.harness import templates

    _find_template(template)
    return templates.to_api(template, dict(nodes))


class _NeedsTools(Exception):  # noqa: N818  nothing is wrong
    """The command has to run with a Python that can convert workflows."""


def _running_nodes(server: str) -> dict[str, object]:
    """What a running ComfyUI with this pack says of its nodes, nothing if there is none."""
    try:
        with urlopen(f"{server}/object_info", timeout=60) as answer:
            nodes = json.load(answer)
    except (OSError, ValueError):
        return {}
    return nodes if "KinemaAnimateModel" in nodes else {}


def api(host: Host, options: argparse.Namespace) -> int:
    """Print a template as the JSON object that ``POST /prompt`` takes under "prompt"."""
    from tests.harness import client, templates

    _find_template(options.template)
    with Server(host, options=device_options(host)) as server:
        prompt = templates.to_api(options.template, client.get_json(server.url, "/object_info"))
    print(json.dumps(prompt, indent=2))
    return 0


def sheet(host: Host, options: argparse.Namespace) -> int:
    """Draw what a template makes, with the pictures its graph shows above the frames."""
    from tests.harness import templates
    from tests.harness.pack import load_pack

    load_pack()
    from tests.harness.sheet import draw_sheet

    _find_template(options.template)
    models = [seeded_models(host), seeded_xl_models(host)]
    with Server(host, models, device_options(host)) as server:
        found = templates.find(options.template)
        output = (options.output or found.with_suffix(".jpg")).resolve()
        draw_sheet(server, templates.short_name(found), output)
    print(output)
    return 0


def arrange(host: Host, options: argparse.Namespace) -> int:
    """Rewrite the positions of the nodes in templates."""
    from tests.harness import templates
    from tests.harness.browser import chromium, ensure_browser
    from tests.harness.pack import load_pack

    load_pack()
    from tests.harness.arrange import arrange
    from tests.harness.footage import write_footage

    for name in options.template:
        _find_template(name)
    paths = [templates.find(name) for name in options.template] or templates.template_paths()
    with Server(host, options=device_options(host)) as server, chromium(ensure_browser()) as browser:
        write_footage(server.base / "input")
        changed = arrange(server, browser, paths)
    print("\n".join(changed) or "nothing had to move")
    return 0


def targets(host: Host, options: argparse.Namespace) -> int:
    """Bring the migration's table of target nodes up to date."""
    from tests.harness import client
    from tests.harness.pack import load_pack

    load_pack()
    from tests.harness.targets import write_table

    with Server(host, options=device_options(host)) as server:
        planned = write_table(client.get_json(server.url, "/object_info"))
    print("\n".join(f"not there yet: {name}" for name in planned) or "all nodes are there")
    return 0


def shared(host: Host, options: argparse.Namespace) -> int:
    """Print what became of the workflows of a folder; 1 if one that can run does not."""
    from tests.harness.pack import load_pack

    load_pack()
    from tests.harness.shared.running import run_all

    models = [seeded_models(host), seeded_xl_models(host)]
    results = run_all(host, models, options.folder, options.results)
    return int(any(result.status != "success" for result in results))


WITHOUT_HOST = {"rooms": draw_rooms, "mapping": write_mapping}
"""Commands that need no ComfyUI."""
COMMANDS = {
    "demo": demo,
    "test": test,
    "bench": bench,
    "api": api,
    "sheet": sheet,
    "arrange": arrange,
    "cluster": cluster,
    "same": same,
    "shared": shared,
    "targets": targets,
}


def _find_template(name: str) -> None:
    from tests.harness import templates

    try:
        found = templates.find(name).is_file()
    except FileNotFoundError as error:
        raise SetupError(str(error)) from error
    if not found:
        raise SetupError(f"There is no file {name}. Give the path of a saved workflow, or the name of a template.")


def seeded_models(host: Host) -> Path:
    """A cached models folder with seeded random weights in the real layouts."""
    return _written(host, "weights", "writing seeded weights (0.8 GB, once)")


def seeded_xl_models(host: Host) -> Path:
    """The same for SDXL, ControlNet and more, which the demo does not need."""
    what = "writing seeded weights for SDXL, ControlNet, Animate Anyone and more (3.4 GB, once)"
    return _written(host, "weights_xl", what)


def device_options(host: Host) -> list[str]:
    """``--cpu`` unless torch sees an accelerator."""
    probe = "import torch; print(torch.cuda.is_available() or torch.backends.mps.is_available())"
    found = subprocess.run([host.python, "-c", probe], capture_output=True, text=True)
    return [] if found.stdout.strip() == "True" else ["--cpu"]


def _again_inside(python: Path) -> int:
    """Run this very command with a Python that has what it needs."""
    child = subprocess.Popen([python, *sys.argv], env=os.environ | {INSIDE: str(python)})
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            # the child got it too and cleans up by itself
            continue


def _written(host: Host, module: str, what: str) -> Path:
    """A folder of weights, named after everything that decides what is in it."""
    sources = sorted((ROOT / "tests" / "harness" / "seeded").glob("*.py"))
    content = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    command = [host.python, "-m", f"tests.harness.seeded.{module}", host.folder]
    return once(cache_folder() / f"{module}-{content}", lambda target: run([*command, target], what))


if __name__ == "__main__":
    sys.exit(main())
