"""Rules of a Rollout's spec about its hooks and its strategy together: which moments a strategy has."""

from typing import Any, Final

from crossfade.api.base import Rule


def _some(moment: str) -> str:
    """Give the CEL of whether a hook asks for a moment."""
    return f"(has(self.hooks) && self.hooks.exists(hook, has(hook.before) && hook.before == '{moment}'))"


def _asks(spec: Any, moment: str) -> bool:
    return any(hook.before == moment for hook in spec.hooks)


def _waits_for_traffic(spec: Any) -> bool:
    """Whether pods can be ready before any request comes to them, and stay so."""
    strategy = spec.strategy
    return bool(strategy.blue_green or strategy.big_bang or (strategy.canary and spec.traffic))


def _has_a_rest(spec: Any) -> bool:
    """Whether there is a rest between the start and the moment at which the candidate gets all requests."""
    strategy = spec.strategy
    return not strategy.recreate and not (strategy.rolling and not strategy.rolling.batches)


RESTS_OF_HOOKS: Final = (
    Rule(
        cel=f"!{_some('Traffic')} || !has(self.strategy) || has(self.strategy.blueGreen) || has(self.strategy.bigBang) || "
        "(has(self.strategy.canary) && has(self.traffic))",
        message="before: Traffic needs pods that are ready before they get requests: choose blueGreen, bigBang or canary "
        "with traffic, or write `before: Start`",
        holds=lambda self: not _asks(self, "Traffic") or _waits_for_traffic(self),
        field=("hooks",),
    ),
    Rule(
        cel=f"!{_some('Promote')} || !has(self.strategy) || !(has(self.strategy.recreate) || (has(self.strategy.rolling) && "
        "!(has(self.strategy.rolling.batches) && self.strategy.rolling.batches.size() > 0)))",
        message="before: Promote needs a rest before the candidate gets all requests: recreate has none, and rolling has one "
        "with batches: write `before: Start`, or add batches",
        holds=lambda self: not _asks(self, "Promote") or _has_a_rest(self),
        field=("hooks",),
    ),
)
"""What only some strategies can wait for."""
