"""What runs jobs: a ComfyUI, or whatever else can."""

from typing import Protocol

from .columns import Prompt
from .outcome import Outcome


class Runner(Protocol):
    """Runs one prompt after the other; each runner has a thread of its own."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def run(self, prompt: Prompt) -> Outcome:
        """Run a prompt to its end, or until `stop`. A prompt that fails has an error in its outcome.

        Raises:
            RunnerLostError: the runner failed and not the prompt, which may run elsewhere.
        """
        ...

    def is_there(self) -> bool:
        """Whether it can run prompts now; asked again and again after it was lost."""
        ...

    def stop(self) -> None:
        """End the prompt that runs, soon; called from another thread, and the last thing that is."""
        ...
