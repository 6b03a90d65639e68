"""Import the checkout as the package ``kinema``, whatever its folder is called.

The root must not be on ``sys.path``: its ``nodes`` folder would hide ComfyUI's ``nodes.py``.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def load_pack() -> ModuleType:
    """The pack, imported once."""
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    if "kinema" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "kinema", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["kinema"] = module
        spec.loader.exec_module(module)
    return sys.modules["kinema"]


def load_host(folder: str, *options: str) -> None:
    """Make a ComfyUI folder importable in this process, with command-line options as if it were started."""
    if folder in sys.path:
        return
    sys.path.insert(0, folder)
    # the host reads its options when it is imported
    arguments, sys.argv = sys.argv, ["main.py", *options]
    import comfy.options

    comfy.options.enable_args_parsing()
    import comfy.cli_args

    sys.argv = arguments
