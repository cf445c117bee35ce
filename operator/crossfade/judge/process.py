"""How evidence against one claim adds up over windows.

A purse is put on each factor of a grid and stays there; e is the mean of all purses. So over time the bet that fits best
carries e: a mixture of products. The other way, to mix anew in each window and to multiply the mixtures, is as valid. Measured
(docs/judge.md, "How evidence adds up"): a candidate 2x worse is found later by it, since it pays for not knowing the factor again in
each window.

By Ville's inequality a process that starts at 1 and does not grow in the mean while the claim holds reaches 1/alpha with a
probability of at most alpha, however often one looks. An *endless* one starts at 0 and is given 1 more before each window, one
for each moment at which things may have changed (an e-detector of Shiryaev-Roberts type: Shin, Ramdas, Rinaldo 2024). It reaches c
after c windows or more in the mean: what it has minus the number of windows does not grow in the mean.

One window multiplies e by `cap` at most. What is cut off only makes the mean smaller, so both bounds stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log

from crossfade.judge.bets import log_mean, log_sum


@dataclass(frozen=True)
class Process:
    """The evidence so far. `purses`: the logarithm of what each factor's bet has; `log_e`: of e, each window capped."""

    purses: tuple[float, ...]
    log_e: float = 0.0
    endless: bool = False

    @property
    def e(self) -> float:
        """Evidence against the claim: 1 is none; at most 1e300, so that it can be written."""
        return exp(min(self.log_e, 690.0))


def begin(size: int, *, endless: bool = False) -> Process:
    """A process for a grid of `size` factors, before the first window."""
    start = -inf if endless else 0.0
    return Process((start,) * size, start, endless)


def grown(process: Process, gains: Sequence[float], cap: float) -> Process:
    """The process after a window that each factor's bet gained so much in. `cap`: above 1."""
    purses, log_e = process.purses, process.log_e
    if process.endless:
        purses, log_e = tuple(log_sum(purse, 0.0) for purse in purses), log_sum(log_e, 0.0)
    after = tuple(purse + gain for purse, gain in zip(purses, gains, strict=True))
    return Process(after, log_e + min(log(cap), log_mean(after) - log_mean(purses)), process.endless)
