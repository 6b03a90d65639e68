"""Which model files the lists of nodes offer."""

from collections.abc import Collection


def listed_files(type: str, name: str) -> Collection[str] | None:
    """The choices of a node's input as it offers them now.

    Args:
        type: id of the node.
        name: of the input.

    Returns:
        None if there is no such list.
    """
    import nodes  # the host's

    node = nodes.NODE_CLASS_MAPPINGS.get(type)
    if node is None:
        return None
    groups = node.INPUT_TYPES()
    spec = next((groups[group][name] for group in ("required", "optional") if name in groups.get(group, ())), None)
    if not spec:
        return None
    # lists stand in the place of the type, or among the settings
    choices = spec[0] if isinstance(spec[0], list) else spec[1].get("options") if len(spec) > 1 else None
    return [each for each in choices if isinstance(each, str)] if isinstance(choices, list) else None
