"""Import the pack as ``kinema`` and keep the checkout's root off ``sys.path`` (see harness/pack.py)."""

import gc

from tests.harness.pack import load_pack

load_pack()


def pytest_collection_finish() -> None:
    """What all tests share is no rubbish: the host looks for some after every model, each time a while."""
    gc.collect()
    gc.freeze()
