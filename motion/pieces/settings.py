"""What a clip was made with: a name that is the same for the same settings, and what differs between two."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LISTED = 5
NAME_LETTERS = 16
SHOWN = 60


def key_of(settings: Mapping[str, Any]) -> str:
    """A short name of settings, as texts and numbers by name."""
    written = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:NAME_LETTERS]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What is not as it was, as a part of a sentence."""
    names = [name for name in dict.fromkeys((*before, *now)) if before.get(name) != now.get(name)]
    words = [f"{name} was {_shown(before.get(name))} and is {_shown(now.get(name))}" for name in names[:LISTED]]
    more = len(names) - len(words)
    return ", ".join(words) + (f", and {more} more" if more > 0 else "")


def _shown(value: Any) -> str:
    text = "not there" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
