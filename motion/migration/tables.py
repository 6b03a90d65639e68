"""The whole mapping table, by old id."""

from collections.abc import Mapping

from . import (
    acn,
    adapters,
    ade_apply,
    ade_camera,
    ade_context,
    ade_hooks,
    ade_models,
    ade_sampling,
    ade_values,
    around,
    artventurex,
    batches,
    bundles,
    detectors,
    everywhere,
    fizz,
    utility,
    vhs,
)
from .rules import Rule

FAMILY: tuple[Rule, ...] = (
    *ade_apply.RULES,
    *ade_models.RULES,
    *ade_context.RULES,
    *ade_sampling.RULES,
    *ade_values.RULES,
    *ade_hooks.RULES,
    *ade_camera.RULES,
    *vhs.RULES,
    *acn.RULES,
    *fizz.RULES,
    *artventurex.RULES,
)
"""Nodes of the packs that clips were made with."""
AROUND: tuple[Rule, ...] = (
    *around.RULES,
    *batches.RULES,
    *utility.RULES,
    *everywhere.RULES,
    *bundles.RULES,
    *detectors.RULES,
    *adapters.RULES,
)
"""Nodes of the packs around them."""
RULES: Mapping[str, Rule] = {rule.old: rule for rule in (*FAMILY, *AROUND)}
"""Every node that something here or in the host does the work of."""
