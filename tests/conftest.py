"""Import the pack as ``kinema`` and keep the checkout's root off ``sys.path`` (see harness/pack.py)."""

from tests.harness.pack import load_pack

load_pack()
