"""The loop: a network and batches in, losses out.

It knows nothing of files, of the host or of what is learnt. Every step is a function of the state before it and of its
number, so that one that is put down and taken up at any step ends with the same weights, to the bit on one machine.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..clips import Batch
from .drawing import Draws
from .errors import DivergedError, is_out_of_memory, out_of_memory
from .network import Network
from .noising import Noising
from .objectives import Objective
from .optimisers import make_optimiser
from .rates import rate_factor
from .settings import HALF, Settings
from .state import AVERAGE, LEARNT, Curve, State, optimiser_parts, restore_optimiser

VALIDATIONS = 4
"""Timesteps at which a clip is validated, evenly spread."""


class Step(NamedTuple):
    """What one step did."""

    number: int
    """From 1."""
    loss: float
    rate: float
    norm: float
    """Length of all gradients together, before they were shortened."""


class Trainer:
    """A training.

    Args:
        batches: the batch of a number, from 0, on the device of the network.
        checkpointing: whether the network saves memory, for messages.
    """

    def __init__(
        self,
        network: Network,
        batches: Callable[[int], Batch],
        objective: Objective,
        noising: Noising,
        settings: Settings,
        checkpointing: bool = True,
    ) -> None:
        self.network, self.settings = network, settings
        self._batches, self._objective, self._noising = batches, objective, noising
        self._checkpointing = checkpointing
        self._learnt = dict(network.parameters)
        self._optimiser = make_optimiser(
            settings.optimiser, self._learnt.values(), settings.learning_rate, settings.weight_decay
        )
        device = next(iter(self._learnt.values())).device
        self._scaler = torch.amp.grad_scaler.GradScaler(device.type, enabled=settings.precision == HALF)
        self._average = {name: each.detach().clone() for name, each in self._learnt.items()} if settings.average else {}
        self.step = 0
        self.curve = Curve()

    def advance(self) -> Step:
        """Learn from the batches of one step.

        Raises:
            DivergedError: the loss or the gradients are no numbers; nothing was changed.
            TrainingError: memory is used up.
        """
        settings = self.settings
        rate = settings.learning_rate * rate_factor(self.step, settings.steps, settings.warmup, settings.rate_schedule)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.zero_grad(set_to_none=True)
        loss = sum(self._learn(part) for part in range(settings.accumulation)) / settings.accumulation
        norm = self._shortened()
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._optimiser.zero_grad(set_to_none=True)
        for name, average in self._average.items():
            average.lerp_(self._learnt[name].detach(), 1.0 - settings.average)
        self.step += 1
        self.curve = replace(self.curve, losses=(*self.curve.losses, loss), rates=(*self.curve.rates, rate))
        return Step(self.step, loss, rate, norm)

    def _learn(self, part: int) -> float:
        """Take the gradients of one batch."""
        batch = self._batches(self.step * self.settings.accumulation + part)
        try:
            loss = self._objective.loss(self.network, batch, self._noising, Draws(self.settings.seed, self.step, part))
            told = float(loss.detach())
            if not math.isfinite(told):
                raise self._diverged(f"the loss of step {self.step + 1} is {told}")
            self._scaler.scale(loss / self.settings.accumulation).backward()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise out_of_memory(len(batch), batch.latents.shape[2], self._checkpointing) from error
        return told

    def _shortened(self) -> float:
        self._scaler.unscale_(self._optimiser)
        norm = float(torch.nn.utils.clip_grad_norm_(self._learnt.values(), self.settings.clip_norm or math.inf))
        # in half precision the scaler leaves such a step out and goes on with a smaller scale
        if not math.isfinite(norm) and not self._scaler.is_enabled():
            raise self._diverged(f"the gradients of step {self.step + 1} are not finite")
        return norm

    def _diverged(self, what: str) -> DivergedError:
        self._optimiser.zero_grad(set_to_none=True)
        return DivergedError(
            f"The training diverged: {what}. The weights are those of step {self.step}. Lower learning_rate (it is "
            f"{self.settings.learning_rate:g}), raise warmup, or choose precision bf16 or fp32."
        )

    def validate(self, batches: Callable[[int], Batch], count: int) -> float:
        """The loss on clips that are not learnt from, always with the same noise.

        Args:
            count: batches to take.
        """
        losses = []
        steps = len(self._noising)
        with torch.no_grad():
            for number in range(count):
                batch = batches(number)
                for part in range(VALIDATIONS):
                    time = torch.full((len(batch),), (2 * part + 1) * steps // (2 * VALIDATIONS))
                    noise = Draws(0, number, part).normal(batch.latents.shape, "validation", batch.latents)
                    noisy = self._noising.noised(batch.latents, noise, time)
                    predicted = self.network.predict(noisy, time, batch.context, more=batch.more)
                    target = self._noising.target(batch.latents, noise, time)
                    losses.append(float(torch.nn.functional.mse_loss(predicted.float(), target.float())))
        loss = sum(losses) / len(losses)
        self.curve = replace(self.curve, validations={**self.curve.validations, self.step: loss})
        return loss

    def weights(self) -> dict[str, Tensor]:
        """What was learnt, or its running average if there is one, by the names of the network."""
        return {name: self._average.get(name, each.detach()) for name, each in self._learnt.items()}

    def state(self) -> State:
        """All that `restore` needs; tensors are not copied."""
        tensors, values = optimiser_parts(self._optimiser)
        tensors |= {f"{LEARNT}/{name}": each.detach() for name, each in self._learnt.items()}
        tensors |= {f"{AVERAGE}/{name}": each for name, each in self._average.items()}
        return State(self.step, tensors, {"optimiser": values, "scaler": self._scaler.state_dict()}, self.curve)

    def restore(self, state: State) -> None:
        """Be as the training was, to the bit."""
        with torch.no_grad():
            for name, each in self._learnt.items():
                each.copy_(state.tensors[f"{LEARNT}/{name}"])
            for name, each in self._average.items():
                each.copy_(state.tensors[f"{AVERAGE}/{name}"])
        restore_optimiser(self._optimiser, state.tensors, state.values["optimiser"])
        if self._scaler.is_enabled():
            self._scaler.load_state_dict(state.values["scaler"])
        self.step, self.curve = state.step, state.curve
