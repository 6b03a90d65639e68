"""What the nodes of a prompt declare here."""

from ....motion.jobs import Declared, Prompt, declared_inputs


def declared_here(prompt: Prompt) -> Declared:
    """The inputs of a prompt's nodes, as far as they are installed."""
    import nodes  # the host's

    kinds = {node["class_type"] for node in prompt.values()} & nodes.NODE_CLASS_MAPPINGS.keys()
    return declared_inputs({kind: {"input": nodes.NODE_CLASS_MAPPINGS[kind].INPUT_TYPES()} for kind in kinds})
