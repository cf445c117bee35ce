"""What a policy is for one Rollout at this moment: what it breaks, what is closed, and where it stands in the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossfade.controller.calendars import Calendars
from crossfade.controller.judged import Judged
from crossfade.controller.policies import Policy
from crossfade.controller.store import Key, Raw, Store
from crossfade.controller.turnstile import Turnstile
from crossfade.core.policy.matched import Matched


class Ruling:
    """One for the operator. `wake`: queue a Rollout, since it is its turn."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], wake: Callable[[Key], None] = lambda _key: None
    ) -> None:
        self.now = now
        self.calendars = Calendars(now)
        self.judged = Judged(store)
        self.turnstile = Turnstile(store, now, wake)

    def matched(self, policy: Policy, key: Key, raw: Raw) -> Matched:
        """One policy that is about a Rollout, as it is now."""
        return Matched(
            name=policy.name,
            spec=policy.spec,
            problem=policy.problem,
            broken=self.judged(policy, raw),
            closed=self.calendars.of(policy).closed,
            place=self.turnstile.place(key, policy),
        )

    def forget(self, key: Key) -> None:
        """The Rollout is gone."""
        self.judged.forget(key)
