"""Workflows made for other packs, rewritten for the nodes that are here."""

from .engine import migrate as migrate
from .report import Report as Report
