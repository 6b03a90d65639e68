"""What became of a job, as ComfyUI tells it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 2000
"""Letters of a message."""
INTERRUPTED = "It was interrupted on the server."
_ENDS = ("execution_success", "execution_error", "execution_interrupted")


@dataclass(frozen=True)
class File:
    """A file that a node showed."""

    node: str
    filename: str
    subfolder: str
    type: str
    """The folder it is in: output, temp or input."""
    url: str = ""
    """Where it can be had, if it can."""


@dataclass(frozen=True)
class Fault:
    """Why a job failed."""

    message: str
    node: str = ""
    """The id of the node it is about, if it is about one."""
    node_type: str = ""

    def __str__(self) -> str:
        where = " ".join(part for part in (self.node_type, f"(node {self.node})" if self.node else "") if part)
        return f"{where}: {self.message}" if where else self.message


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    files: Sequence[File] = ()
    error: Fault | None = None
    seconds: float | None = None
    """The run itself, without the time in a queue."""


def outcome_of(entry: Mapping[str, Any]) -> Outcome:
    """What an entry of ComfyUI's history says.

    Args:
        entry: with ``status`` and ``outputs``.
    """
    status = _mapping(entry.get("status"))
    told = {name: _mapping(data) for name, data in _messages(status.get("messages"))}
    return Outcome((*_files(_mapping(entry.get("outputs"))),), _fault(status, told), _seconds(told))


def refusal(answer: Mapping[str, Any]) -> Fault:
    """Why a prompt was not queued.

    Args:
        answer: with ``error`` and ``node_errors``, as ``POST /prompt`` gives them.
    """
    faults = [*_node_faults(_mapping(answer.get("node_errors")))]
    if faults:
        message = "; ".join([faults[0].message, *(str(fault) for fault in faults[1:])])
        return Fault(message[:LONGEST], faults[0].node, faults[0].node_type)
    error = answer.get("error")
    if isinstance(error, Mapping):
        return Fault(": ".join(str(error[part]) for part in ("message", "details") if error.get(part))[:LONGEST])
    return Fault(str(error or "the server refused it and did not say why")[:LONGEST])


def _node_faults(node_errors: Mapping[str, Any]) -> Iterator[Fault]:
    for node, told in node_errors.items():
        for error in _mapping(told).get("errors") or ():
            details = str(_mapping(error).get("details", ""))
            name = str(_mapping(_mapping(error).get("extra_info")).get("input_name") or "")
            # ours are sentences behind the name of their input
            said = details.partition(" - ")[2] or f"{_mapping(error).get('message')}: {details}"
            message = said if not name or name in said else f"{name}: {said}"
            yield Fault(message[:LONGEST], str(node), str(_mapping(told).get("class_type", "")))


def _fault(status: Mapping[str, Any], told: Mapping[str, Mapping[str, Any]]) -> Fault | None:
    if "execution_error" in told:
        data = told["execution_error"]
        message = str(data.get("exception_message") or data.get("exception_type") or "it failed").strip()
        return Fault(message[:LONGEST], str(data.get("node_id", "")), str(data.get("node_type", "")))
    if "execution_interrupted" in told:
        return Fault(INTERRUPTED)
    return None if status.get("status_str") == "success" else Fault("It failed, and the server did not say why.")


def _seconds(told: Mapping[str, Mapping[str, Any]]) -> float | None:
    start = _mapping(told.get("execution_start")).get("timestamp")
    end = next((told[name].get("timestamp") for name in _ENDS if name in told), None)
    is_told = isinstance(start, int | float) and isinstance(end, int | float)
    return round(max(0.0, (end - start) / 1000), 3) if is_told else None  # pyright: ignore[reportOperatorIssue]


def _files(outputs: Mapping[str, Any]) -> Iterator[File]:
    for node, shown in outputs.items():
        for items in _mapping(shown).values():
            for item in items if isinstance(items, list) else ():
                if isinstance(item, Mapping) and isinstance(item.get("filename"), str):
                    yield File(node, item["filename"], str(item.get("subfolder", "")), str(item.get("type", "output")))


def _messages(messages: Any) -> Iterator[tuple[str, Any]]:
    for message in messages if isinstance(messages, list | tuple) else ():
        if isinstance(message, list | tuple) and len(message) == 2 and isinstance(message[0], str):
            yield message[0], message[1]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
