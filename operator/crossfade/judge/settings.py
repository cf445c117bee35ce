"""What is asked of the candidate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How much worse it may be, and how sure the judge must be. Raises ValueError with what to write instead."""

    tolerance: float = 1.0
    """The candidate is taken back when it is shown to be more than so many times as bad as stable. 1: when it is shown to be worse
    at all. With 1.25, a candidate that is 2x worse is found later: docs/judge.md has the table."""

    certify: float = 2.0
    """It passes when it is shown to be less than so many times as bad as stable."""

    alpha: float = 0.05
    """The part of good candidates that may be taken back, and the part of bad ones that may pass, over all looks together."""

    cap: float = 50.0
    """One window multiplies the evidence by so much at most. 50 lets one window decide by itself, but not against others that spoke for
    the candidate; 10 makes it two at least. What that costs is in docs/judge.md."""

    max_error_ratio: float | None = 0.25
    """A candidate is plainly broken when more than this part of its requests is bad, whatever stable does. Its own share of alpha
    is 1 in 50, so 1 in 1,000 at 0.05. None: no such guard, as for latency: there is no telling how many are slow by nature."""

    negligible: float | None = 0.001
    """A candidate also passes when less than this part of its requests is shown to be bad: two sides without errors can be
    compared for ever. None: only the comparison counts."""

    burst: float = 1.0
    """Bad requests come in runs of up to so many (retries, one user who tries again): so many count as one."""

    max_seconds: float | None = None
    """The end of the time for it: what was not shown until then is inconclusive. None: it goes on."""

    run_length: float = 1000.0
    """Where no end is known (the bake): the mean number of windows between two false alarms, at least."""

    def __post_init__(self) -> None:
        for wrong in (text for holds, text in self._rules() if not holds):
            raise ValueError(wrong)

    def _rules(self) -> list[tuple[bool, str]]:
        ratio, negligible = self.max_error_ratio, self.negligible
        return [
            (0.5 <= self.tolerance <= 100, f"tolerance must be from 0.5 to 100, not {self.tolerance}"),
            (
                self.tolerance < self.certify <= 1000,
                f"certify must be above tolerance, which is {self.tolerance}",
            ),
            (1e-6 <= self.alpha <= 0.5, f"alpha must be from 0.000001 to 0.5, not {self.alpha}"),
            (2 <= self.cap <= 1e9, f"cap must be from 2 to 1000000000, not {self.cap}"),
            (ratio is None or 0 < ratio < 1, f"maxErrorRatio must be between 0 and 1, not {ratio}"),
            (
                negligible is None or 0 < negligible < 1,
                f"negligible must be between 0 and 1, not {negligible}",
            ),
            (1 <= self.burst <= 1000, f"burst must be from 1 to 1000, not {self.burst}"),
            (self.max_seconds is None or self.max_seconds > 0, "maxSeconds must be above 0"),
            (self.run_length * self.alpha >= 1, f"runLength must be 1/alpha or more, not {self.run_length}"),
        ]
