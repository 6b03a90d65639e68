"""Which nodes there are: the server's, and those that the page alone knows."""

from collections.abc import Collection, Iterable


def known_types(of_page: Iterable[str] = ()) -> Collection[str]:
    """Ids of all nodes that run here.

    Args:
        of_page: nodes of the front end alone, such as the Set and Get nodes of other packs.
    """
    import nodes  # the host's; packs that load after this one have added theirs by the time anybody asks

    return nodes.NODE_CLASS_MAPPINGS.keys() | frozenset(of_page)
