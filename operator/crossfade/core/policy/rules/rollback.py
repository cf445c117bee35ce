"""`rollback`: a release that fails goes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.policy.about import About, Cel, said_if

TOLD: Final = "onFailure: Pause leaves users with what failed: write onFailure: Abort, or leave it out"


def problems(policy: RolloutPolicySpec, about: About) -> Iterator[str]:
    """`onFailure`, where it is not `Abort`."""
    if policy.rollback is not None and about.spec.on_failure != policy.rollback.on_failure:
        yield TOLD


CEL: Final = Cel(said_if("has(variables.spec.onFailure) && variables.spec.onFailure != 'Abort'", f"'{TOLD}'"))
