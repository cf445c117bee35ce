"""A broken promise, as a value: what was promised, and what is the case instead."""

from __future__ import annotations


class Violation(AssertionError):  # noqa: N818 -- what it is called in every text on the matter
    """A promise does not hold. `promise` is its sentence, by which tests know it."""

    def __init__(self, promise: str, told: str) -> None:
        super().__init__(f"broken: {promise} -- {told}")
        self.promise = promise
