"""A broken promise, as a value: what was promised, and what is the case instead."""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818 -- what it is called in every text on the matter
    """A promise does not hold. `promise` is its sentence, by which tests know it."""

    def __init__(self, promise: str, told: str) -> None:
        super().__init__(f"broken: {promise} -- {told}")
        self.promise = promise


PENDING_NEW_CORE = frozenset(
    {
        ("", "without a failure enough pods serve at each moment"),
        ("", "a crash counts where it served"),
        ("", "stable keeps what the gate protects"),
        ("evicted pods stay", "a verdict has a cause"),
        ("1 pod, evicted", "a verdict has a cause"),
        ("no operator for an hour", "the down time is told as it was"),
        ("quotas", "what the API server refuses is told, and holds up nothing else"),
        ("a lost status", ""),
        ("a patched status", ""),
        ("a node's clock is behind", "what crashed while it served goes no further"),
        ("the API server's clock is behind", "an abort is done"),
        ("completed at nothing", ""),
    }
)
"""Worlds and promises that the core does not keep there yet, asked for with `--pending`; "" stands for all of them."""


class Asked:
    """Whether promises that are pending are asked for too; and the world that they are asked in."""

    pending = False
    world = ""


def is_asked(promise: str) -> bool:
    """Whether a promise is to be kept already."""
    places = {(world, what) for world in ("", Asked.world) for what in ("", promise)}
    return Asked.pending or not places & PENDING_NEW_CORE
