"""The whole mapping table, by old id."""

from collections.abc import Mapping

from . import (
    acn,
    ade_apply,
    ade_context,
    ade_models,
    ade_sampling,
    ade_values,
    around,
    artventurex,
    bundles,
    detectors,
    fizz,
    vhs,
)
from .rules import Rule

FAMILY: tuple[Rule, ...] = (
    *ade_apply.RULES,
    *ade_models.RULES,
    *ade_context.RULES,
    *ade_sampling.RULES,
    *ade_values.RULES,
    *vhs.RULES,
    *acn.RULES,
    *fizz.RULES,
    *artventurex.RULES,
)
"""Nodes of the packs that clips were made with."""
RULES: Mapping[str, Rule] = {rule.old: rule for rule in (*FAMILY, *around.RULES, *bundles.RULES, *detectors.RULES)}
"""Every node that something here or in the host does the work of."""
