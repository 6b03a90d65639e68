"""Clips that cannot be used: a list to show, never the end of a training."""

import os
from collections import Counter
from dataclasses import dataclass

LISTED = 1000
"""Clips that are named; a table of ten million rows may have few of its files here."""


@dataclass(frozen=True)
class Skipped:
    """A clip that is left out."""

    source: str
    """The file, folder or row."""
    reason: str
    """A sentence without its full stop, in which the source is "it"."""

    def __str__(self) -> str:
        return f"{readable(self.source)}: {self.reason}."


class Skips:
    """Collects what is left out, in bounded memory."""

    def __init__(self) -> None:
        self._listed: list[Skipped] = []
        self._more: Counter[str] = Counter()
        self._texts: list[str] = []
        self._tables: list[str] = []

    def add(self, source: str, reason: str, count: int = 1) -> None:
        """Leave something out.

        Args:
            count: how many there are of it, of which ``source`` is one.
        """
        if len(self._listed) < LISTED:
            self._listed.append(Skipped(source, reason))
            count -= 1
        if count:
            self._more[reason] += count

    def unread(self, text: str) -> None:
        """A text is no clip's caption."""
        self._texts.append(text)

    def unread_table(self, table: str) -> None:
        """A table lies among clips."""
        self._tables.append(table)

    def notes(self) -> tuple[str, ...]:
        """What lies among clips and is not read, in lines."""
        notes = []
        if self._texts:
            count, first = len(self._texts), readable(min(self._texts))
            of = "text is no clip's caption" if count == 1 else "texts are no clip's caption"
            notes.append(f"{count} {of}, such as {first}: a caption has the name of its clip and lies beside it")
        if self._tables:
            first = min(self._tables)
            notes.append(
                f"{readable(first)} is not read: to take captions from it, write {readable(os.path.basename(first))} "
                "in table"
            )
        return tuple(notes)

    def told(self) -> tuple[Skipped, ...]:
        """All of them, those that are only counted at the end."""
        return (*self._listed, *(Skipped(f"{count} more", reason) for reason, count in self._more.items()))


def readable(name: str) -> str:
    """A name to print: what is no text in it becomes a replacement sign."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
