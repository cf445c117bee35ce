"""A broken promise, as a value: what was promised, and what is the case instead."""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818 -- what it is called in every text on the matter
    """A promise does not hold. `promise` is its sentence, by which tests know it."""

    def __init__(self, promise: str, told: str) -> None:
        super().__init__(f"broken: {promise} -- {told}")
        self.promise = promise


PENDING_NEW_CORE = frozenset(
    {
        "without a failure enough pods serve at each moment",
        "a crash counts where it served",
    }
)
"""Promises that the core does not keep yet; asked for with `--pending`."""


class Asked:
    """Whether promises that are pending are asked for too."""

    pending = False


def is_asked(promise: str) -> bool:
    """Whether a promise is to be kept already."""
    return Asked.pending or promise not in PENDING_NEW_CORE
