"""What other programs read inside a prompt and ComfyUI's text encoder would take as words.

The encoder knows ``(word:1.2)``, ``embedding:name`` and backslashes; brackets, braces and capitals are letters to it.
So what is an instruction elsewhere is refused, and never drawn as if it were a thing to see.
"""

import re
from collections.abc import Mapping

_ADVICE: Mapping[str, str] = {
    "network": "is an instruction of another program, and a text encoder would read it as words. Take it out, and load "
    "the file with Load LoRA (Model and CLIP) before clip",
    "option": "is an option of another program, and a text encoder would read it as words. Take it out; the only one "
    "understood is --neg, before what is not to be seen",
    "editing": "changes the prompt during the sampling in another program, and a text encoder would read it as words. "
    "Write one of them; what changes over the clip goes under frames of its own",
    "choice": "is a choice of another program, and a text encoder would read it as words. Write one of them",
    "wildcard": "stands for a list of words in another program, and a text encoder would read it as it is. Write the "
    "words themselves",
    "joiner": "joins prompts in another program, and a text encoder would read it as a word. Use Conditioning "
    "(Combine) or (Concat), or write a comma, or the word in small letters",
}
"""What to say of each kind."""
_FOREIGN = re.compile(
    r"""(?<!\\)(?:
      (?P<network><[ \t]{0,9}+[A-Za-z_]\w{0,30}+[ \t]{0,9}+:[^<>\n]{0,200}+>?)
    | (?P<editing>\[[^\[\]|\n]{0,300}?:[ \t]{0,9}+[0-9.]{1,20}+[ \t]{0,9}+\])
    | (?P<choice>\[[^\[\]|\n]{1,300}+\|[^\[\]\n]{0,300}+\]|\{[^{}|\n]{0,300}+\|[^{}\n]{0,300}+\})
    | (?P<wildcard>(?<!\w)__[A-Za-z0-9][\w/*-]{0,40}?__(?!\w))
    | (?P<option>(?<![^\s,;.])--(?!neg\b)[A-Za-z][\w-]{0,30}+)
    | (?P<joiner>(?<![\w'])(?:BREAK|AND|ADDCOMM|ADDBASE|ADDCOL|ADDROW|COUPLE)(?![\w']))
    )""",
    re.VERBOSE,
)
_SIGNS = re.compile(r"[<\[{]|__|--|BREAK|A(?:ND|DD)|COUPLE")
NEGATIVE = re.compile(r"(?:[-\u2212\uff0d]{2}|(?<!\w)[\u2013\u2014])neg(?!\w)[ \t]*+:?", re.IGNORECASE)
"""Before what is not to be seen, as Deforum and FizzNodes write it; some keyboards make one dash of two."""


def foreign(text: str, start: int, end: int) -> tuple[int, str] | None:
    """Where a token of another program begins in a part of a text and what to say of it, None if there is none."""
    if not _SIGNS.search(text, start, end):
        return None
    shouted = text[start:end].isupper()
    for match in _FOREIGN.finditer(text, start, end):
        kind = match.lastgroup or ""
        # a prompt all in capitals joins nothing
        if kind == "joiner" and shouted:
            continue
        shown = match[0] if len(match[0]) <= 40 else f"{match[0][:40]}…"
        return match.start(), f"{shown!r} {_ADVICE[kind]}"
    return None
