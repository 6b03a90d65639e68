"""What is wrong with a clip or with what it is compared with."""


class EvaluationError(ValueError):
    """Pictures, embeddings or files that cannot be measured; the message says what to do."""
